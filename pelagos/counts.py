"""Says a number with its noun."""

from __future__ import annotations


def format_count(amount: int, noun: str) -> str:
    """Return a number with its noun, such as `1 hypothesis`, `2 hypotheses` or `3 seeds`."""
    plural = noun[:-2] + "es" if noun.endswith("is") else noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{amount} {noun if amount == 1 else plural}"
