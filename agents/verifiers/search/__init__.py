"""Searches for a solution step by step or as a whole, with a policy, a verifier and one account of what is spent."""
