from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.judging.rules import Rules, space_looks
from pelagos.settings import Judge


def test_default_looks() -> None:
    assert space_looks(3, 8) == (3, 5, 8)


@given(st.integers(2, 20), st.integers(0, 60))
def test_looks_rise_to_the_last(first: int, more: int) -> None:
    looks = space_looks(first, first + more)
    assert looks[-1] == first + more
    assert list(looks) == sorted(set(looks))


def test_a_task_with_few_seeds_ends_the_looks_early() -> None:
    assert Rules.from_settings(Judge(min_seeds=3, max_seeds=8), seeds=4).looks == (3, 4)
    assert Rules.from_settings(Judge(min_seeds=3), seeds=2).looks == (2,)


def test_next_look() -> None:
    rules = Rules.from_settings(Judge(), seeds=8)
    assert [rules.next_look(n) for n in (0, 3, 4, 5, 8, 9)] == [3, 5, 5, 8, None, None]
