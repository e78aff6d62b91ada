"""Decide whether a version does what its hypothesis says: marks of techniques, a strong model, a person."""
