"""LangGraph's checkpoints of a run, checked against its ledger and pruned."""
