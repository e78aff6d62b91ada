"""A run that is read while it grows: its record, the rows of its hypotheses, where its lanes stand, its log."""
