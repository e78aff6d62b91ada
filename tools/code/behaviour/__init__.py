"""Measures what a program did: the signature of a version, built from what the hooks reported."""
