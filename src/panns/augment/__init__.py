"""What happens to sounds in training only: pure functions, with a generator passed in wherever chance is involved.

A waveform on its way from a source to a file is changed by speed, shift, reverb, noise, filtering, gain and codec;
`chain` puts them in this order. `length` makes clips of any length equally long, `between_class` and `mixup` make one
waveform of two. `placement`, `spectrum` and `mixing` work on mel power `(frames, mels)`, `masking` on a log-mel.

Mel power of a sum of unrelated sounds is close to the sum of their mel powers, so sounds can be mixed, filtered and
re-set_levels there for two front ends at once, and no Fourier transform is left in the training loop.
"""
