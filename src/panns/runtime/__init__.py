"""Running trained models: backends, batches, windows."""
