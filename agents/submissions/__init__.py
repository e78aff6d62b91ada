"""Versions that somebody else wrote, judged as in any run."""
