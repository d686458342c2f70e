"""Benchmarks of speed and memory: `python -m benchmarks [NAME...]`. Each prints a table and writes it as JSON."""
