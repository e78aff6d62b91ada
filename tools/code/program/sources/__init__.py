"""Reads program source files: their encoding, and whether they use the seed."""
