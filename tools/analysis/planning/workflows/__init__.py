"""Workflows: paths of typed calls that test an objective, and how their arguments are filled in."""
