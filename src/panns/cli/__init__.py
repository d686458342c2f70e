"""Command line: one command per file; only this package prints.

`options/` declares the options that several commands share, `render/` turns results into text and rows, `terminal/`
prints, and draws progress bars and the live view.
"""
