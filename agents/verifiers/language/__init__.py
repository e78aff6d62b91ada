"""Verifiers that ask a language model for its judgement of each step."""
