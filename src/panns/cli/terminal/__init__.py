"""The terminal: printing, progress bars, live views, signals."""
