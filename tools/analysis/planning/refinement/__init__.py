"""Refines workflows between calls: after each result the rest of the path is planned again from what is known."""
