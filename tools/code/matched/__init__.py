"""Builds the baseline that trains as long as a longer-training version, so that the two differ only in the idea."""
