"""Runs untrusted code in isolation, with limits enforced from outside, and scores its predictions."""
