"""Published weights files: their formats, the names of their tensors, and their front ends. Numpy, without torch."""
