"""Threads work in the context of the one that asks for them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.parallel import map_in_parallel
from pelagos.facts.fact import Cost
from pelagos.settings import Caps


def test_results_are_in_the_order_of_the_items() -> None:
    assert map_in_parallel(3, lambda item: item * item, range(20)) == [item * item for item in range(20)]
    assert map_in_parallel(3, str, []) == []


def test_an_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        map_in_parallel(2, lambda item: 1 // item, [1, 0])


def test_a_step_rests_where_one_of_its_threads_does(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        budget = Budget(Caps(), ledger)

        def rest(_item: int) -> bool:
            with budget.resting():
                return budget.is_idle()

        with budget.within(budget.reserve(Cost())):
            assert map_in_parallel(2, rest, range(4)) == [True] * 4
        assert map_in_parallel(2, rest, range(4)) == [False] * 4
