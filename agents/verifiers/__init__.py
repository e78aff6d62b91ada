"""Score the steps of plans and rank the plans."""
