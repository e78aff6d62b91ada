"""Members are combined step by step; a member's bad score is named, never averaged away."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pytest

from agents.verifiers.ensemble import Combine, Ensemble
from agents.verifiers.protocol import Solution, StepScores, Usage
from pelagos.errors import BadScore

SOLUTION = Solution("P", ("a", "b"))


class Member:
    def __init__(self, name: str, *scores: float, reasons: tuple[str, ...] = ()) -> None:
        self.name, self._scores, self._reasons = name, list(scores), reasons

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores(self._scores, Usage(1, 2, 3.0, 4.0, 5), self._reasons) for _ in solutions]


@pytest.mark.parametrize(
    ("combine", "name", "scores"), [(fmean, "ensemble", [0.6, 0.45]), (min, "ensemble-min", [0.4, 0.2])]
)
def test_scores_are_combined_and_usage_is_summed(combine: Combine, name: str, scores: list[float]) -> None:
    ensemble = Ensemble([Member("one", 0.8, 0.2), Member("two", 0.4, 0.7, reasons=("x", "y"))], combine)
    (result,) = ensemble.score([SOLUTION])
    assert result.scores == pytest.approx(scores)
    assert result.votes == ((0.8, 0.2), (0.4, 0.7))
    assert result.reasons == ("two: x", "two: y")
    assert result.usage == Usage(2, 4, 6.0, 8.0, 10)
    assert ensemble.name == f"{name}:one+two"


@pytest.mark.parametrize("scores", [(0.5, float("nan")), (0.5,), (0.5, 1.2)])
def test_a_bad_score_of_one_member_is_named(scores: tuple[float, ...]) -> None:
    with pytest.raises(BadScore, match=r"^two: "):
        Ensemble([Member("one", 0.5, 0.5), Member("two", *scores)], min).score([SOLUTION])
