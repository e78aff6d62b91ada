"""Scores predictions against labels in a second sandbox."""
