"""Decoding: any source to mono float32 blocks at its own rate."""
