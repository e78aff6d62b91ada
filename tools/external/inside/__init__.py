"""Runs inside the sandbox: asks one server or module. Imports nothing of Pelagos."""
