"""Figures of results: scores and events of a sound, confusion matrix, reliability diagram."""
