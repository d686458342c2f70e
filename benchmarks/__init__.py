"""Speed and memory, measured: `python -m benchmarks [NAME...]`. Each prints a table and writes it as JSON."""
