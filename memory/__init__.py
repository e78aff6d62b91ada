"""What lasts: a run's ledger, steps and artifacts, a project's hypothesis bank, embedders, downloaded weights."""
