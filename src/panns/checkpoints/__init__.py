"""The format of checkpoints: a folder or one exported file, with a manifest."""
