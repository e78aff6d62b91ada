"""The words every room shares: nouns, errors, settings. Imports no other room."""

__version__ = "0.1.0"
