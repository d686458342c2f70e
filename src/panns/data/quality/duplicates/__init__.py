"""Copies: clips that hold the same sound, found by audio fingerprints and confirmed by their waveforms."""
