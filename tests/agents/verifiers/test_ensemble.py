"""Members are combined step by step; a member's bad score is named, never averaged away."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pytest

from agents.verifiers.advice import afford_votes
from agents.verifiers.ensemble import Combine, Ensemble, join_verifiers
from agents.verifiers.protocol import Solution, StepScores, Usage, Voting
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


class Sampling(Member):
    """A member whose paths take `cost` tokens each."""

    def __init__(self, name: str, votes: int, cost: int) -> None:
        super().__init__(name, 0.5, 0.5)
        self.votes, self._cost = votes, cost

    def with_votes(self, votes: int) -> Sampling:
        return Sampling(self.name, votes, self._cost)

    def about_changes(self) -> Sampling:
        return Sampling(f"{self.name} of changes", self.votes, self._cost)

    def estimate_vote(self, solutions: Sequence[Solution]) -> int:
        return self._cost


@pytest.mark.parametrize(("tokens", "votes"), [(None, 1), (10.0, 1), (130.0, 2), (1e6, 4)])
def test_an_ensemble_with_paths_stays_within_the_share(tokens: float | None, votes: int) -> None:
    ensemble = join_verifiers([Sampling("one", 4, 50), Member("head", 0.5, 0.5), Sampling("two", 2, 10)])
    assert isinstance(ensemble, Voting)
    afforded = afford_votes(ensemble, [SOLUTION], tokens)
    assert isinstance(afforded, Voting)
    assert afforded.votes == votes
    assert [member.votes for member in afforded._members if isinstance(member, Sampling)] == [votes, min(votes, 2)]  # type: ignore[attr-defined]
    assert afforded.about_changes().name == "ensemble:one of changes+head+two of changes"


def test_an_ensemble_without_paths_is_asked_for_no_reasons() -> None:
    assert not isinstance(join_verifiers([Member("one", 0.5, 0.5), Member("two", 0.5, 0.5)]), Voting)
