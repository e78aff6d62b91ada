"""Prepares a run: its folder, caps, package versions, task copy, embedder and models."""
