"""Statistics that the shipped packs share. Plain Python: they are imported inside the sandbox."""
