"""Predicts how hard a problem is for a policy from a few probe samples.

Buckets are by absolute chance of a right answer, not by quantile (arXiv 2502.06703, section 4.1): easy from 50 %,
medium from 10 %, hard below. The true chance isn't known when a problem is new; the share of probes that agree stands
for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Literal

Difficulty = Literal["easy", "medium", "hard"]
PROBES = 4
EASY, MEDIUM = 0.5, 0.1


def bucket(chance: float) -> Difficulty:
    """Return the bucket of a chance of a right answer, in [0, 1]."""
    if chance >= EASY:
        return "easy"
    return "medium" if chance >= MEDIUM else "hard"


def predict_difficulty(answers: Sequence[Hashable]) -> Difficulty:
    """Return the bucket of the share by which the most frequent answer exceeds chance agreement of the probes.

    One probe of four always agrees with itself, so a share of 1/n is no agreement: hard. Raises ValueError for less
    than two answers.
    """
    if len(answers) < 2:
        raise ValueError(f"{len(answers)} probe answers can't agree: sample at least two")
    most = max(Counter(answers).values())
    return bucket((most - 1) / (len(answers) - 1))
