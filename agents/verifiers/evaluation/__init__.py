"""Scores files of problems with steps, and evaluates verifiers on data with labelled steps."""
