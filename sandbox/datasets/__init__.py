"""Finds data sets in installed packages so that they can be masked, by name and by content."""
