"""The hypothesis bank of a project: stores hypotheses with their vectors, finds repeats, and selects lessons."""
