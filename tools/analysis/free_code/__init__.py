"""Free code as one more tool: a strong model writes it where no typed tool leads to a test; it runs in the sandbox."""
