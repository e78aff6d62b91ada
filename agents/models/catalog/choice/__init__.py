"""Choose a model for this machine: what fits into memory and how fast it writes."""
