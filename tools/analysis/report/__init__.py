"""The report of an analysis, made from what is recorded."""
