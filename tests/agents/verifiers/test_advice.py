"""What a run spends on ranking, and what it does when its verifier fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agents.verifiers.advice import afford_votes, criticise, rank_if_possible
from agents.verifiers.language.direct import DirectVerifier
from agents.verifiers.language.genprm import GenerativeVerifier
from agents.verifiers.off import Off
from agents.verifiers.protocol import Solution, StepScores, Voting
from pelagos.errors import BadInput, BadScore, MissingPart, ModelUnavailable, NothingUsable
from tests.agents.verifiers.language.scripted import ScriptedModel

PLANS = [Solution("P", ("a", "b")), Solution("P", ("c",))]


def generative(votes: int) -> GenerativeVerifier:
    model = ScriptedModel(lambda *_: "a is missing", lambda talk: 0.2 if "step 1 good" in talk[-1].content else 0.9)
    return GenerativeVerifier(lambda: model, None, votes=votes, room=100)


@pytest.mark.parametrize(
    ("tokens", "votes"),
    [(None, 1), (0, 1), (299, 1), (300, 1), (899, 2), (900, 3), (10_000, 4)],  # 100 tokens a step, three steps
)
def test_as_many_votes_as_the_tokens_pay_for(tokens: float | None, votes: int) -> None:
    chosen = afford_votes(generative(4), PLANS, tokens)
    assert isinstance(chosen, Voting)
    assert chosen.votes == votes


def test_a_verifier_without_votes_is_taken_as_it_is() -> None:
    direct = DirectVerifier(lambda: pytest.fail("nothing is asked"))
    assert afford_votes(direct, PLANS, 0) is direct


def test_nobody_is_asked_about_one_plan_or_without_a_verifier() -> None:
    class Untouchable:
        name = "untouchable"

        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            pytest.fail("nothing is to be ranked")

    assert rank_if_possible(PLANS[:1], Untouchable(), print) is None
    assert rank_if_possible(PLANS, Off(), print) is None


class Failing:
    name = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        raise self.error


@pytest.mark.parametrize(
    "error", [BadInput("too long"), BadScore("nan"), MissingPart("no sandbox"), NothingUsable("5 in a row")]
)
def test_a_verifiers_fault_costs_no_hypothesis_and_is_said(error: Exception) -> None:
    said: list[str] = []
    assert rank_if_possible(PLANS, Failing(error), said.append) is None
    assert said == [f"not ranked, taken as they come: {error}"]


def test_a_model_that_is_away_is_no_fault_of_the_verifier() -> None:
    with pytest.raises(ModelUnavailable):
        rank_if_possible(PLANS, Failing(ModelUnavailable("away")), print)


def test_criticism_is_of_the_steps_judged_wrong_by_one_vote() -> None:
    text = criticise(Solution("P", ("wrong", "right")), generative(4), print)
    assert "Step 1 was judged wrong" in text
    assert "Step 2" not in text
    assert criticise(Solution("P", ()), generative(4), print) == ""


def test_a_verifier_without_reasons_gives_no_criticism() -> None:
    assert criticise(PLANS[0], DirectVerifier(lambda: pytest.fail("nothing is asked")), print) == ""


@pytest.mark.parametrize("scores", [[], [0.1, 0.2], [float("nan")]])
def test_scores_that_are_none_are_said_and_no_criticism(scores: list[float]) -> None:
    class Odd(GenerativeVerifier):
        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            return [StepScores(scores, reasons=("so",) * len(scores))]

    said: list[str] = []
    odd = Odd(lambda: pytest.fail("nothing is asked"), None)
    assert criticise(Solution("P", ("a",)), odd, said.append) == ""
    assert [text.partition(": ")[0] for text in said] == ["no criticism"]
