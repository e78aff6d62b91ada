"""What every room shares: nouns, errors, settings, text and key handling, HTTP clients. It imports no other room."""

__version__ = "0.1.0"
