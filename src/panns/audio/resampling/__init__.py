"""Sample-rate conversion.

`resample.py` converts whole sounds with soxr; `polyphase.py` converts streams and keeps their state as a value.
"""
