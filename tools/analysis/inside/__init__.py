"""Runs inside the sandbox, beside the tools. Imports nothing of Pelagos."""
