"""Running trained models: backends, batches and windows."""
