"""Terminal output: printing, progress bars, the live view, signals."""
