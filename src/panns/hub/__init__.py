"""Resolve a model name to a runnable checkpoint: cache, download and conversion of published weights."""
