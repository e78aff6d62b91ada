"""Best-of-N: score every candidate whole, rank by an aggregate of its step scores. The plainest search there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agents.verifiers.aggregate import Aggregate, minimum
from agents.verifiers.protocol import StepScores, Verifier


class Ranked(NamedTuple):
    """`place` is the candidate's index in what was given."""

    place: int
    score: float
    raw: StepScores


def best_of_n(
    problem: str, candidates: Sequence[Sequence[str]], verifier: Verifier, aggregate: Aggregate = minimum
) -> list[Ranked]:
    """Best first; of equals the earlier one. Each candidate is a list of steps; N scores of N candidates."""
    scored = [verifier.score(problem, steps) for steps in candidates]
    ranked = [Ranked(place, aggregate(raw.scores), raw) for place, raw in enumerate(scored)]
    return sorted(ranked, key=lambda one: (-one.score, one.place))
