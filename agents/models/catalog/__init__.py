"""Know models by name: where their files are and what their tokens cost."""
