"""Readers: one module per file format, each with `recognise(columns)` (where it can tell) and `read(path)`."""
