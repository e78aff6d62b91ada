"""Executes programs in the sandbox: staged inputs, hook messages, smoke runs and scored experiments."""
