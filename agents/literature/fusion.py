"""Reciprocal rank fusion of several rankings of the same items (Cormack, Clarke and Büttcher 2009)."""

from __future__ import annotations

RANK_OFFSET = 60


def fuse(scores: list[list[float]]) -> list[float]:
    """Return per item the sum over rankings of 1 / (60 + rank). Each ranking is a list of scores, one per item."""
    total = [0.0] * len(scores[0])
    for ranking in scores:
        order = sorted(range(len(ranking)), key=lambda item: -ranking[item])
        for rank, item in enumerate(order, start=1):
            total[item] += 1 / (RANK_OFFSET + rank)
    return total
