"""Results as tables, rows and pictures."""
