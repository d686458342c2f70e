"""Decoding: any source to mono float32 blocks at its own sample rate.

`source.py` opens the input, `formats.py` detects its format, `declared_length.py` reads the length in its header, and
one of the readers decodes it: `soundfile_reader.py`, `media_reader.py` or `array_reader.py`. `file_reader.py` chooses
between the first two and reports what is missing.
"""
