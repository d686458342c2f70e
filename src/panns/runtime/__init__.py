"""Answers from a trained model: backends, batches, windows."""
