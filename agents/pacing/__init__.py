"""Decides whether to begin one more hypothesis: by number, by time and by results."""
