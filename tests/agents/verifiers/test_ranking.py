"""Solutions are ranked by their weakest step; raw scores stay; what is no probability is no rank."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from agents.verifiers.aggregate import AGGREGATES, mean
from agents.verifiers.protocol import Solution, StepScores, Usage
from agents.verifiers.ranking import rank
from pelagos.errors import BadScore


class Table:
    """Scores a step by the number that it is."""

    name = "table"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([float(step) for step in solution.steps]) for solution in solutions]


def solutions(*steps: tuple[str, ...]) -> list[Solution]:
    return [Solution("P", each) for each in steps]


def test_the_weakest_step_ranks_ties_keep_their_order_and_the_raw_scores_stay() -> None:
    ranked = rank(solutions(("0.9", "0.2"), ("0.5", "0.6"), ("0.5",)), Table())
    assert [(candidate.place, candidate.score) for candidate in ranked] == [(1, 0.5), (2, 0.5), (0, 0.2)]
    replayed = sorted(ranked, key=lambda candidate: -mean(candidate.raw.scores))
    assert [candidate.place for candidate in replayed] == [1, 0, 2]


@pytest.mark.parametrize("score", ["nan", "inf", "-0.1", "1.1"])
def test_what_is_no_probability_is_no_rank(score: str) -> None:
    with pytest.raises(BadScore, match=f"table: step 2 of 2 is scored {float(score)}: no probability"):
        rank(solutions(("0.5", "0.5"), ("0.5", score)), Table())


def test_a_missing_score_is_no_rank() -> None:
    class Forgetful(Table):
        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            return [StepScores(result.scores[1:]) for result in super().score(solutions)]

    with pytest.raises(BadScore, match="table: 1 scores for 2 steps"):
        rank(solutions(("0.5", "0.5")), Forgetful())


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (StepScores([None, 0.5]), "step 1 of 2 is scored None: no probability"),  # type: ignore[list-item]
        (StepScores(["0.5", 0.5]), "step 1 of 2 is scored 0.5: no probability"),  # type: ignore[list-item]
        (StepScores([0.5, 0.5], reasons=("one",)), "1 reasons for 2 steps"),
        (StepScores([0.5, 0.5], votes=((0.5,), (0.5, 0.5))), "1 votes for 2 steps"),
        (StepScores([0.5, 0.5], votes=((0.5, math.nan),)), "a vote holds a score that is no probability"),
        (StepScores([0.5, 0.5], rewards=(math.inf, 0.0)), "a reward is no number"),
    ],
)
def test_what_a_plug_in_returns_beside_or_for_scores_is_checked(result: StepScores, told: str) -> None:
    class Odd(Table):
        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            return [result for _ in solutions]

    with pytest.raises(BadScore, match=f"table: {told}"):
        rank(solutions(("a", "b")), Odd())


def test_the_sum_of_an_implicit_reward_model_is_that_of_its_rewards() -> None:
    class Implicit(Table):
        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            rewards = [tuple(float(step) for step in solution.steps) for solution in solutions]
            return [StepScores([1 / (1 + math.exp(-each)) for each in row], rewards=row) for row in rewards]

    long_and_bad, good = ("-1.0", "-1.0", "-1.0"), ("0.5",)
    ranked = rank(solutions(long_and_bad, good), Implicit(), AGGREGATES["sum"])
    assert [(each.place, each.score) for each in ranked] == [(1, 0.5), (0, -3.0)]


def test_aggregates_by_hand() -> None:
    scores = [0.5, 0.2, 0.8]
    by_name = {name: aggregate(scores) for name, aggregate in AGGREGATES.items()}
    assert by_name == pytest.approx({"min": 0.2, "last": 0.8, "mean": 0.5, "product": 0.08, "sum": 1.5})
    assert {aggregate([]) for aggregate in AGGREGATES.values()} == {0.0}


def test_usage_adds_by_field() -> None:
    both = Usage(1, 2, 3.0, 4.0, 5, 6) + Usage(10, 20, 30.0, 40.0, 50, 60)
    assert both == (11, 22, 33.0, 44.0, 55, 66)
    assert both.tokens == 33
    assert math.isclose(both.flops, 33.0)
