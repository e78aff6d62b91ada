"""The analysis in the report, made of what the ledger holds: objectives, hypotheses, methods, an exported script."""
