from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.judging.rules import Rules, spaced, spending
from pelagos.settings import Judge


def test_default_looks() -> None:
    assert spaced(3, 8) == (3, 5, 8)


@given(st.integers(2, 20), st.integers(0, 60))
def test_looks_rise_to_the_last_and_spend_the_level_once(first: int, more: int) -> None:
    looks = spaced(first, first + more)
    assert looks[-1] == first + more
    assert list(looks) == sorted(set(looks))
    assert sum(spending(looks)) == pytest.approx(1.0)


def test_a_task_with_few_seeds_ends_the_looks_early() -> None:
    rules = Rules.of(Judge(min_seeds=3, max_seeds=8), seeds=4, hypotheses=1)
    assert rules.looks == (3, 4)
    assert Rules.of(Judge(min_seeds=3), seeds=2, hypotheses=1).looks == (2,)


def test_next_look() -> None:
    rules = Rules.of(Judge(), seeds=8, hypotheses=1)
    assert [rules.next_look(n) for n in (0, 3, 4, 5, 8, 9)] == [3, 5, 5, 8, None, None]
