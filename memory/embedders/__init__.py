"""Embedders: texts to unit vectors, and the calibration of their threshold for repeats."""
