"""Clips: what is known of each, and their audio."""
