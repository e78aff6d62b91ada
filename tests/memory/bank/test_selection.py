"""Lessons are selected by success, nearness and surprise in turn, never above the budget."""

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

from memory.bank.bank import HypothesisBank
from memory.bank.lesson_status import LessonStatus, describe_result
from memory.bank.selection import Lesson, select_lessons
from memory.embedders.embedder import hashing
from tests.memory.bank.banking import idea, keep, lesson


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[HypothesisBank]:
    with warnings.catch_warnings(action="ignore"):
        made = HypothesisBank.open(tmp_path, hashing())
    yield made
    made.close()


def chosen(bank: HypothesisBank, query: str, budget: int = 100) -> list[str]:
    return [one.id for one in select_lessons(bank, "digits", bank.embedder.embed([query]), budget, lambda _: 1)]


def test_surprise_by_hand() -> None:
    meta = {"lesson": "l", "verdict": "refuted", "predicted_effect": 2.0, "effect": -1.0, "low": -1.5, "high": -0.5}
    assert Lesson("x", meta, 0.0).surprise == pytest.approx(6.0)
    for without in ({"effect": None}, {"low": None}, {"low": -0.5}, {"predicted_effect": None}):
        assert Lesson("x", {**meta, **without}, 0.0).surprise == 0.0


def test_what_an_earlier_version_wrote_into_the_bank_stands_and_counts_the_same(bank: HypothesisBank) -> None:
    flat = {"effect": -0.4, "low": -0.6, "high": -0.2}
    beside = {"lesson": "l", "verdict": "undecided", "failure": "", **flat}
    for number, meta in enumerate((beside, lesson("undecided", **flat))):
        keep(bank, idea("first", number, f"idea {number}"))
        bank.add_lesson(f"first/h{number}", meta)
    first, second = bank.snapshot().columns
    assert first == second
    assert (float(first["effect"]), Lesson("x", beside, 0.0).status) == (-0.4, LessonStatus.DEAD_END)
    assert describe_result({**beside, "unit": "points"}) == "undecided: -0.4 points"
    bank.add_lesson("first/h0", lesson("refuted", -0.5, low=-0.6, high=-0.4))
    assert float(bank.snapshot().columns[0]["effect"]) == -0.5


def test_success_nearness_and_surprise_take_turns(bank: HypothesisBank) -> None:
    ideas = ["mixup of images", "dropout on the hidden layer", "label smoothing", "gradient clipping at one"]
    for number, text in enumerate(ideas):
        keep(bank, idea("first", number, text))
    bank.add_lesson("first/h0", lesson("supported", 1.0, low=0.5, high=1.5))
    bank.add_lesson("first/h1", lesson("equivalent", 0.1, low=0.0, high=0.2))
    bank.add_lesson("first/h2", lesson("refuted", -9.0, low=-9.1, high=-8.9))
    bank.add_lesson("first/h3", lesson("undecided", 0.2, low=-5.0, high=5.0))
    assert chosen(bank, "dropout on a hidden layer", budget=3) == ["first/h0", "first/h1", "first/h2"]
    assert set(chosen(bank, "dropout")) == {f"first/h{n}" for n in range(4)}


def test_other_tasks_by_nearness_alone(bank: HypothesisBank) -> None:
    for number in range(60):
        keep(bank, idea("first", number, f"idea number {number} of the digits"))
        bank.add_lesson(f"first/h{number}", lesson("refuted", -0.1, low=-0.2, high=0.0))
    keep(bank, idea("other", 0, "dropout on the hidden layer", task="cifar"))
    bank.add_lesson("other/h0", lesson("supported", 99.0, low=98.0, high=100.0))
    assert "other/h0" in chosen(bank, "dropout on a hidden layer", budget=2)
    assert "other/h0" not in chosen(bank, "idea number 7 of the digits", budget=4)


def test_what_taught_nothing_is_not_told(bank: HypothesisBank) -> None:
    for number, text in enumerate(["pending", "killed", "stopped"]):
        keep(bank, idea("first", number, text))
    bank.add_lesson("first/h1", lesson("undecided", None, "killed: killed by SIGKILL"))
    bank.add_lesson("first/h2", lesson("undecided", 0.1, cut_short=True))
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
            bank.add_lesson(f"first/h{number}", lesson(verdict, effect, low=effect - 0.5, high=effect + 0.5))
        lessons = select_lessons(bank, "digits", bank.embedder.embed(["idea"]), budget, lambda one: 3 + len(one.id) % 4)
        bank.close()
    assert sum(3 + len(one.id) % 4 for one in lessons) <= budget
    assert len({one.id for one in lessons}) == len(lessons)
    if budget >= 6 * len(found):
        assert len(lessons) == len(found)
    assert all(one.status is not LessonStatus.PENDING and np.isfinite(one.surprise) for one in lessons)


def test_one_that_is_due_by_several_orders_is_weighed_once(bank: HypothesisBank) -> None:
    keep(bank, idea("first", 0, "mixup of images"))
    keep(bank, idea("first", 1, "dropout on the hidden layer"))
    bank.add_lesson("first/h0", lesson("supported", 1.0, low=0.5, high=1.5))
    bank.add_lesson("first/h1", lesson("refuted", -1.0, low=-1.5, high=-0.5))
    weighed: list[str] = []
    select_lessons(bank, "digits", bank.embedder.embed(["mixup"]), 100, lambda one: weighed.append(one.id) or 1)
    assert sorted(weighed) == ["first/h0", "first/h1"]


def test_what_does_not_fit_leaves_room_for_what_does_and_ten_misses_end_it(bank: HypothesisBank) -> None:
    for number in range(14):
        keep(bank, idea("first", number, f"idea {number}"))
        bank.add_lesson(f"first/h{number}", lesson("refuted", -1.0))
    size = {f"first/h{number}": 10 if number else 50 for number in range(14)}
    queries, weighed = bank.embedder.embed(["idea 0"]), list[str]()

    def weigh(one: Lesson) -> int:
        weighed.append(one.id)
        return size[one.id]

    told = select_lessons(bank, "digits", queries, 25, weigh)
    assert len(told) == 2 and "first/h0" not in {one.id for one in told}
    assert len(weighed) == 1 + 2 + 10
    assert told[0].relevance == pytest.approx(
        max(float(bank.snapshot().cosines(queries[:1])[0, bank.snapshot().ids.index(told[0].id)]), 0)
    )


def test_what_worked_goes_before_what_is_promising_and_the_greater_effect_first(bank: HypothesisBank) -> None:
    found = [("promising", 9.0), ("supported", 1.0), ("supported", 2.0), ("promising", 8.0)]
    for number, (verdict, effect) in enumerate(found):
        keep(bank, idea("first", number, f"idea {number}"))
        bank.add_lesson(f"first/h{number}", lesson(verdict, effect))
    other = idea("other", 0, "something", task="cifar")
    keep(bank, other)
    bank.add_lesson(other.id, lesson("supported", 99.0))
    orders = [one for one in chosen(bank, "zzz") if one.startswith("first")]
    worked = [id for id in orders if id in ("first/h1", "first/h2")]
    assert orders[0] == "first/h2" and worked == ["first/h2", "first/h1"]


def test_the_relevance_is_the_greatest_over_what_is_asked_about(bank: HypothesisBank) -> None:
    keep(bank, idea("first", 0, "mixup"))
    bank.add_lesson("first/h0", lesson("refuted", -1.0))
    queries = bank.embedder.embed(["dropout", "mixup. try mixup"])
    (one,) = select_lessons(bank, "digits", queries, 5, lambda _: 5)
    assert one.relevance == pytest.approx(float(bank.snapshot().cosines(queries).max()))
    assert select_lessons(bank, "digits", queries, 4, lambda _: 5) == []
