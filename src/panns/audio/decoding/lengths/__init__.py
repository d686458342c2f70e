"""Readers of declared lengths, by family of formats; `read.py` chooses one."""
