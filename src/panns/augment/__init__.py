"""Augmentation: random changes to training clips, as pure functions that take a random generator.

On waveforms: `speed`, `shift`, `reverb`, `noise`, `filtering`, `gain` and `codec`, which `chain` applies in this order;
`length` crops or pads clips to one length; `between_class` and `mixup` mix two clips. On mel power `(frames, mels)`:
`placement`, `spectrum` and `mixing`. On a log-mel: `masking`.

The mel power of a sum of unrelated sounds is close to the sum of their mel powers. So sounds can be mixed, filtered and
scaled as mel power, for two front ends at once and without a Fourier transform in the training loop.
"""
