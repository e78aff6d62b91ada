"""The static scan of a change: one rule per file, joined by `scan`; `source` resolves names and texts."""
