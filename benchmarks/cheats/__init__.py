"""Programs that fake their result, and honest ones beside them: what the audit catches and what it wrongly flags."""
