"""Full-text search over the texts of runs: hypotheses, plans, verdicts, lessons, prompts, replies and logs."""
