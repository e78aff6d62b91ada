"""Plays a run back from its ledger, without a model, a sandbox or a network. Nothing in the run's folder changes."""
