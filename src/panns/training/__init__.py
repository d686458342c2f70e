"""Training: from a settings file, or a folder of sounds, to a checkpoint."""
