"""The report of a run: one HTML file and one Markdown file, from ledger and artifacts alone."""
