"""What the views show, collected from a record."""
