"""Searches papers: live sources with cache and rate gates, a local corpus, PDF and BibTeX, and the shipped library."""
