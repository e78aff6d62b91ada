"""Reciprocal rank fusion of several rankings of the same items (Cormack, Clarke and Büttcher 2009)."""

from __future__ import annotations

FUSION = 60


def fuse(scores: list[list[float]]) -> list[float]:
    """The sum over rankings of 1 / (60 + rank), per item."""
    total = [0.0] * len(scores[0])
    for one in scores:
        order = sorted(range(len(one)), key=lambda place: -one[place])
        for rank, place in enumerate(order, start=1):
            total[place] += 1 / (FUSION + rank)
    return total
