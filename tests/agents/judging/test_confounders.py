from __future__ import annotations

import pytest

from agents.judging.confounders import describe_changes, find_confounders, join_hypothesis_text
from pelagos.nouns import Hypothesis, Plan, Signature, Step

AVERAGING = (
    "Averaging the weights over the last quarter of training. Average the weights of the last quarter of the epochs."
)


def signed(**amounts: float) -> Signature:
    return Signature(id="v", amounts={name.replace("_", " "): n for name, n in amounts.items()})


BASE = signed(optimizer_steps=420, examples_in_training=12000, parameters=8970, seconds=2.0)


def kinds(text: str, **changed: float) -> list[str]:
    amounts = {**BASE.amounts, **signed(**changed).amounts}
    return [confounder.kind for confounder in find_confounders(text, BASE, Signature(id="v", amounts=amounts))]


def test_averaging_that_trains_a_quarter_longer_doesnt_say_so() -> None:
    signature = signed(optimizer_steps=525, examples_in_training=15000, parameters=8970, seconds=2.4)
    assert describe_changes(AVERAGING, BASE, signature) == [
        "not said: it trains 1.25 times as long as the baseline (optimizer steps 420 -> 525)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Train for more epochs.", "Train 75 epochs instead of 60.", "Increase the number of training epochs to 90.",
        "Longer training helps.", "Use twice as many gradient steps.", "Train the network longer.", "Set epochs = 90.",
        "An ensemble of five networks.", "Raise n_estimators from 100 to 500.", "Extend the total number of updates.",
    ],
)  # fmt: skip
def test_more_training_that_is_named_is_the_claim(text: str) -> None:
    assert kinds(text, optimizer_steps=840, examples_in_training=24000, seconds=3.9) == []


@pytest.mark.parametrize(
    "text",
    [
        AVERAGING, "Average the weights of the last 15 epochs.", "Warm up for 5 epochs.", "Increase the learning rate in early steps.", "Use larger steps at first.", "Smooth the labels.",
        "Warm up over the first epochs, then decay.", "Mix pairs of examples at each training step.",
    ],
)  # fmt: skip
def test_more_training_that_is_not_named_is_told(text: str) -> None:
    assert kinds(text, optimizer_steps=840, examples_in_training=24000) == ["training"]


@pytest.mark.parametrize(
    ("text", "found_kinds"),
    [
        ("Use a wider network.", []), ("Double the hidden units.", []), ("Add a second hidden layer.", []),
        ("Increase HIDDEN to 128.", []), ("Use 128 hidden units.", []), ("Insert two residual blocks.", []),
        ("Add dropout to the hidden layers.", ["size"]), ("Increase dropout in the hidden layers.", ["size"]),
        ("Normalise the inputs.", ["size"]),
    ],
)  # fmt: skip
def test_a_larger_model_that_is_named_is_the_claim(text: str, found_kinds: list[str]) -> None:
    assert kinds(text, parameters=20000, seconds=3.0) == found_kinds


def test_time_counts_only_beyond_chance_and_beyond_what_explains_it() -> None:
    assert kinds("Smooth the labels.", seconds=2.9) == []
    assert kinds("Smooth the labels.", seconds=3.1) == ["time"]
    assert kinds("Smooth the labels.", seconds=3.6, optimizer_steps=525) == ["training"]
    assert kinds("Train for more epochs.", seconds=9.0) == []


def test_examples_count_beyond_the_steps_and_members_of_estimators_are_training() -> None:
    assert kinds("Smooth the labels.", examples_in_training=24000) == ["examples"]
    assert kinds("Augment each batch.", examples_in_training=24000) == []
    trees = find_confounders("Weight the classes.", signed(members_of_Forest=100), signed(members_of_Forest=300))
    assert [(confounder.kind, confounder.factor) for confounder in trees] == [("training", 3.0)]


def test_less_is_no_confounder_and_absurd_amounts_are_taken_as_they_are() -> None:
    assert kinds("Smooth the labels.", optimizer_steps=210, parameters=100) == []
    assert kinds("Smooth the labels.", optimizer_steps=-5, parameters=0) == []
    assert kinds("Smooth the labels.", optimizer_steps=1e18) == ["training"]


def test_a_plans_step_may_name_it() -> None:
    hypothesis = Hypothesis(id="h", title="A", statement="B.", rationale="Longer training.", refuted_by="", target="t")
    plan = Plan(id="p", hypothesis="h", steps=[Step(text="Train for 90 epochs.")])
    assert kinds(join_hypothesis_text(hypothesis), optimizer_steps=630) == ["training"]
    assert kinds(join_hypothesis_text(hypothesis, [plan]), optimizer_steps=630) == []


def test_what_explains_an_amount_counts_for_it_and_nothing_else() -> None:
    """More training sees more examples and takes time, a larger model takes time; more examples are no more steps."""
    assert kinds("Train for more epochs.", examples_in_training=24000) == []
    assert kinds("Use a wider network.", examples_in_training=24000) == ["examples"]
    for text in ("Train for more epochs.", "Use a wider network.", "Augment each batch."):
        assert kinds(text, seconds=9.0) == []
    assert kinds("Smooth the labels, which is slower.", seconds=9.0) == []
    assert kinds("Smooth the labels, which is slower.", parameters=20000) == ["size"]
    assert kinds("Augment each batch.", optimizer_steps=840, examples_in_training=24000) == ["training"]


def test_the_gravest_comes_first_and_each_has_its_numbers() -> None:
    signature = signed(optimizer_steps=840, examples_in_training=48000, parameters=17940, seconds=20.0)
    confounders = find_confounders("Smooth the labels.", BASE, signature)
    assert [(confounder.kind, confounder.factor, confounder.before, confounder.now) for confounder in confounders] == [
        ("training", 2.0, 420, 840), ("examples", 4.0, 12000, 48000), ("size", 2.0, 8970, 17940), ("time", 10.0, 2.0, 20.0),
    ]  # fmt: skip
    assert [confounder.line.partition(" (")[0] for confounder in confounders] == [
        "it trains 2 times as long as the baseline", "it trains on 4 times as many examples as the baseline",
        "it has 2 times as many parameters as the baseline", "it takes 10 times as long as the baseline",
    ]  # fmt: skip
    assert describe_changes("Smooth the labels.", BASE, signature) == [
        f"not said: {confounder.line}" for confounder in confounders
    ]


@pytest.mark.parametrize(
    ("changed", "found_kinds"),
    [
        ({"examples_in_training": 12590}, []), ({"examples_in_training": 12610}, ["examples"]),  # a twentieth and more
        ({"parameters": 9418}, []), ({"parameters": 9419}, ["size"]),
        ({"examples_in_training": 24200, "optimizer_steps": 840}, ["training"]),
        ({"seconds": 8.9, "examples_in_training": 36000}, ["examples"]),
        ({"seconds": 9.1, "examples_in_training": 36000}, ["examples", "time"]),
        ({"seconds": 5.9, "parameters": 17940}, ["size"]), ({"seconds": 6.1, "parameters": 17940}, ["size", "time"]),
    ],
)  # fmt: skip
def test_from_where_on_it_counts(changed: dict[str, float], found_kinds: list[str]) -> None:
    assert kinds("Smooth the labels.", **changed) == found_kinds


def test_what_is_said_leaves_the_measured_rest() -> None:
    signature = signed(optimizer_steps=840, examples_in_training=24000, parameters=17940)
    assert describe_changes("Train for more epochs.", BASE, signature) == [
        "not said: it has 2 times as many parameters as the baseline (parameters 8970 -> 17940)",
        "optimizer steps 420 -> 840",
    ]
    assert describe_changes("Smooth the labels.", BASE, BASE) == ["nothing measurable differs"]


def test_the_words_of_every_step_and_none_of_the_rationale() -> None:
    hypothesis = Hypothesis(id="h", title="A", statement="B.", rationale="R.", refuted_by="", target="t")
    plans = [Plan(id=f"p{n}", hypothesis="h", steps=[Step(text=f"C{n}"), Step(text=f"D{n}")]) for n in (1, 2)]
    assert join_hypothesis_text(hypothesis, plans) == "A. B.. C1. D1. C2. D2"
