"""Ranks solutions by an aggregate of their step scores: best-of-N, with the best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agents.verifiers.aggregate import Aggregate, aggregate_raw, minimum
from agents.verifiers.protocol import Solution, StepScores, Verifier, check_scores


class Ranked(NamedTuple):
    """`place` is the solution's index in the input."""

    place: int
    score: float
    raw: StepScores


def rank(solutions: Sequence[Solution], verifier: Verifier, aggregate: Aggregate = minimum) -> list[Ranked]:
    """Return all solutions, best first; ties keep their order. Raises BadScore and what the verifier raises."""
    results = check_scores(verifier.name, solutions, verifier.score(solutions))
    ranked = [Ranked(place, aggregate_raw(aggregate, raw), raw) for place, raw in enumerate(results)]
    return sorted(ranked, key=lambda candidate: (-candidate.score, candidate.place))
