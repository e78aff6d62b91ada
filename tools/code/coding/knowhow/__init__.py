"""Selects the know-how that the coder is given: a note, or the docstrings of installed library functions."""
