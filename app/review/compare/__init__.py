"""Two hypotheses or two runs side by side."""
