"""Synthetic sounds of this recipe: instruments, voices, tones and alarms."""
