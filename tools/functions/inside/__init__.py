"""Runs inside the sandbox, beside the packs that it imports."""
