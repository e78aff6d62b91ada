"""Find papers for a task, rank them, fill gaps, check novelty against them and choose know-how."""
