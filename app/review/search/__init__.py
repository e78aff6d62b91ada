"""Full-text search on the page."""
