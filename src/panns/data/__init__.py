"""Data sets: clips and their audio, lists and shards of clips, quality checks, soundscapes, sampling and splits."""
