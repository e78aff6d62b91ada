"""What is worth telling again: by success, nearness and surprise in turn, never above the budget."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from memory.bank import HypothesisBank
from memory.embedder import hashing
from memory.remember import Lesson, remember
from memory.standing import Standing
from tests.memory.banking import idea, keep, lesson


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[HypothesisBank]:
    with warnings.catch_warnings(action="ignore"):
        made = HypothesisBank.open(tmp_path, hashing())
    yield made
    made.close()


def chosen(bank: HypothesisBank, query: str, budget: int = 100) -> list[str]:
    return [one.id for one in remember(bank, "digits", bank.embedder.embed([query]), budget, lambda _: 1)]


def test_surprise_by_hand() -> None:
    meta = {"lesson": "l", "verdict": "refuted", "predicted_effect": 2.0, "effect": -1.0, "low": -1.5, "high": -0.5}
    assert Lesson("x", meta, 0.0).surprise == pytest.approx(6.0)
    for without in ({"effect": None}, {"low": None}, {"low": -0.5}, {"predicted_effect": None}):
        assert Lesson("x", {**meta, **without}, 0.0).surprise == 0.0


def test_success_nearness_and_surprise_take_turns(bank: HypothesisBank) -> None:
    ideas = ["mixup of images", "dropout on the hidden layer", "label smoothing", "gradient clipping at one"]
    for number, text in enumerate(ideas):
        keep(bank, idea("first", number, text))
    bank.learn("first/h0", lesson("supported", 1.0, low=0.5, high=1.5))
    bank.learn("first/h1", lesson("equivalent", 0.1, low=0.0, high=0.2))
    bank.learn("first/h2", lesson("refuted", -9.0, low=-9.1, high=-8.9))
    bank.learn("first/h3", lesson("undecided", 0.2, low=-5.0, high=5.0))
    assert chosen(bank, "dropout on a hidden layer", budget=3) == ["first/h0", "first/h1", "first/h2"]
    assert set(chosen(bank, "dropout")) == {f"first/h{n}" for n in range(4)}


def test_other_tasks_by_nearness_alone(bank: HypothesisBank) -> None:
    for number in range(60):
        keep(bank, idea("first", number, f"idea number {number} of the digits"))
        bank.learn(f"first/h{number}", lesson("refuted", -0.1, low=-0.2, high=0.0))
    keep(bank, idea("other", 0, "dropout on the hidden layer", task="cifar"))
    bank.learn("other/h0", lesson("supported", 99.0, low=98.0, high=100.0))
    assert "other/h0" in chosen(bank, "dropout on a hidden layer", budget=2)
    assert "other/h0" not in chosen(bank, "idea number 7 of the digits", budget=4)


def test_what_taught_nothing_is_not_told(bank: HypothesisBank) -> None:
    for number, text in enumerate(["pending", "killed", "stopped"]):
        keep(bank, idea("first", number, text))
    bank.learn("first/h1", lesson("undecided", None, "killed: killed by SIGKILL"))
    bank.learn("first/h2", lesson("undecided", 0.1, cut_short=True))
    assert chosen(bank, "killed pending stopped") == []


@given(
    st.lists(st.tuples(st.sampled_from(["supported", "refuted", "undecided"]), st.floats(-1, 1)), max_size=12),
    st.integers(0, 60),
)
@examples(max_examples=12, deadline=None)
def test_never_above_the_budget_never_twice_and_all_where_there_is_room(
    found: list[tuple[str, float]], budget: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        bank = HypothesisBank.open(folder, hashing())
        for number, (verdict, effect) in enumerate(found):
            keep(bank, idea("first", number, f"idea {number}"))
            bank.learn(f"first/h{number}", lesson(verdict, effect, low=effect - 0.5, high=effect + 0.5))
        told = remember(bank, "digits", bank.embedder.embed(["idea"]), budget, lambda one: 3 + len(one.id) % 4)
        bank.close()
    assert sum(3 + len(one.id) % 4 for one in told) <= budget
    assert len({one.id for one in told}) == len(told)
    if budget >= 6 * len(found):
        assert len(told) == len(found)
    assert all(one.standing is not Standing.PENDING and np.isfinite(one.surprise) for one in told)
