"""Read a code change without seeing the hypothesis: hunks, fragments, names used, dead code, a summary."""
