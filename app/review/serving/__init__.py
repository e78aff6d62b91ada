"""Serves the review page: who gets in, and what every answer has."""
