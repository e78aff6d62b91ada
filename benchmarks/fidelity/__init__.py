"""Edits that a model writes of named techniques, and what a reader says of each: does it implement its technique?"""
