"""What happens to sounds in training only: pure functions on mel power `(frames, mels)`, with a generator each.

Mel power of a sum of unrelated sounds is close to the sum of their mel powers, so sounds are mixed, filtered and
re-levelled here for two front ends at once, and no Fourier transform is left in the training loop.
"""
