"""Find why a technique may be there only in part: where it acts, by how much, and what else changed."""
