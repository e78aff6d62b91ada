from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents.fidelity.settle import Intention, settle
from agents.fidelity.titles import choose_title, counts_for_hypothesis
from agents.verifiers.protocol import Solution, StepScores
from benchmarks.fidelity.own import hypothesis, make_diff, named
from pelagos.errors import BadReply
from pelagos.nouns import Answer, Fidelity, Hypothesis
from tools.toolchain import Message

CLAIM = hypothesis("Averaging the weights", "Average the weights over the last quarter.")
LONGER = make_diff(named("averaging that trains longer and averages nothing"))
AVERAGES = make_diff(named("averages and uses the average"))
NAMELESS = make_diff(named("something that no mark is known of"))
UNKNOWN = hypothesis("A zigzag in the loss", "Bend the loss where it turns.")


class Asked:
    """A model that describes by one sentence and agrees with one probability."""

    def __init__(self, felt: float | None = 0.5, strong: bool = True) -> None:
        self.felt, self.strong, self.prompts = felt, strong, list[str]()

    def ask_json(self, messages: Sequence[Message], schema: Any, **_: Any) -> Any:
        self.prompts.append(messages[-1].content)
        return schema(description="It trains a quarter longer. Nothing else changes.")

    def probability(self, messages: Sequence[Message], **_: Any) -> float:
        self.prompts.append(messages[-1].content)
        if self.felt is None:
            raise BadReply("neither Yes nor No")
        return self.felt


def settled(change: str, felt: float | None, strong: bool = True) -> Fidelity:
    model: Any = Asked(felt, strong)
    return settle("v", Intention(CLAIM), change, None, model, model)


def test_the_description_is_made_without_sight_of_the_claim() -> None:
    writer: Any = Asked()
    judge: Any = Asked()
    fidelity = settle(
        "v", Intention(CLAIM, ["Keep a mean of the parameters."]), LONGER, ["optimizer steps 4 -> 5"], writer, judge
    )
    (blind,), (seeing,) = writer.prompts, judge.prompts
    assert "+EPOCHS = 75" in blind and "optimizer steps 4 -> 5" in blind
    assert not any(word in blind for word in ("verag", "quarter", "mean of"))
    assert "trains a quarter longer" in seeing and "Keep a mean of the parameters" in seeing
    assert choose_title(CLAIM, fidelity) == "It trains a quarter longer"


@pytest.mark.parametrize(
    ("change", "felt", "answer", "by"),
    [
        (AVERAGES, 0.95, Answer.IMPLEMENTS, "marks and model"),
        (AVERAGES, 0.5, Answer.IMPLEMENTS, "marks"),
        (AVERAGES, None, Answer.IMPLEMENTS, "marks"),
        (AVERAGES, 0.05, Answer.UNSETTLED, "nobody"),
        (LONGER, 0.95, Answer.UNSETTLED, "nobody"),
        (LONGER, 0.05, Answer.DIFFERS, "marks and model"),
    ],
)
def test_marks_and_a_strong_model_that_disagree_leave_it_open(
    change: str, felt: float | None, answer: Answer, by: str
) -> None:
    fidelity = settled(change, felt)
    assert (fidelity.answer, fidelity.by) == (answer, by)


@pytest.mark.parametrize(("felt", "answer"), [(0.95, "implements"), (0.05, "doesn't"), (0.5, "can't tell")])
def test_where_no_marks_are_known_a_strong_model_decides(felt: float, answer: str) -> None:
    model: Any = Asked(felt)
    claim = Intention(hypothesis("A wider step for the first layer", "Scale the inputs by two."))
    assert settle("v", claim, NAMELESS, None, model, model).answer == answer


def test_a_weak_model_is_asked_nothing() -> None:
    weak: Any = Asked(1.0, strong=False)
    fidelity = settle("v", Intention(CLAIM), NAMELESS, None, weak, weak)
    assert fidelity.answer is Answer.DIFFERS
    assert weak.prompts == []


@pytest.mark.parametrize(
    ("answer", "title", "counted"),
    [
        (Answer.IMPLEMENTS, "Averaging the weights", True),
        (Answer.UNSETTLED, "Averaging the weights (unsettled: sets EPOCHS 60 -> 75)", True),
        (Answer.PARTLY, "Averaging the weights (in part: sets EPOCHS 60 -> 75)", False),
        (Answer.DIFFERS, "sets EPOCHS 60 -> 75", False),
    ],
)
def test_what_it_is_reported_as(answer: Answer, title: str, counted: bool) -> None:
    looked = Fidelity(id="v", hypothesis="h1", description="sets EPOCHS 60 -> 75. More.", answer=answer)
    assert (choose_title(CLAIM, looked), counts_for_hypothesis(looked)) == (title, counted)
    assert (choose_title(CLAIM, None), counts_for_hypothesis(None)) == (CLAIM.title, True)


class Judging:
    """A verifier that scores each step by its own table; records what it read."""

    name = "judging"

    def __init__(self, scores: list[float]) -> None:
        self.scores, self.read = scores, list[Solution]()

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        self.read += solutions
        return [StepScores(self.scores)]


@pytest.mark.parametrize(
    ("claim", "change", "scores", "answer", "by"),
    [
        (UNKNOWN, NAMELESS, [0.95, 0.92], Answer.IMPLEMENTS, "model"),
        (UNKNOWN, NAMELESS, [0.95, 0.05], Answer.DIFFERS, "model"),
        (UNKNOWN, NAMELESS, [0.95, 0.5], Answer.UNSETTLED, "nobody"),
        (UNKNOWN, NAMELESS, [0.95, float("nan")], Answer.UNSETTLED, "nobody"),
        (CLAIM, LONGER, [0.95, 0.95], Answer.UNSETTLED, "nobody"),
        (CLAIM, AVERAGES, [0.95, 0.95], Answer.IMPLEMENTS, "marks and model"),
    ],
)
def test_a_verifier_judges_each_step_of_the_plan_against_the_change(
    claim: Hypothesis, change: str, scores: list[float], answer: Answer, by: str
) -> None:
    verifier, judge = Judging(scores), Asked(0.99)
    steps = ["Keep a mean of the parameters.", "Predict with it."]
    model: Any = judge
    fidelity = settle("v", Intention(claim, steps), change, None, None, model, verifier)
    assert (fidelity.answer, fidelity.by) == (answer, by)
    assert judge.prompts == []
    failed = "model: no answer: judging: step 2 of 2 is scored nan: no probability"
    assert (failed in fidelity.evidence) == (scores[1] != scores[1])
    (solution,) = verifier.read
    assert solution.steps == tuple(f"The change does this: {step}" for step in steps)
    assert "\n+" in solution.problem


def test_a_small_models_verifier_is_not_asked() -> None:
    verifier = Judging([0.99])
    model: Any = Asked(0.99, strong=False)
    assert settle("v", Intention(UNKNOWN), NAMELESS, None, model, model, verifier).answer is Answer.UNSETTLED
    assert verifier.read == []
