"""The reducers, by which parallel branches meet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.state import check_version, gather, initial, latest, worst
from pelagos.errors import BadInput


def test_the_state_is_json_and_small() -> None:
    assert len(json.dumps(initial(3))) < 500


def test_branches_add_ids_and_a_new_cycle_forgets_them() -> None:
    assert gather(["a"], ["b", "a"]) == ["a", "b"]
    assert gather(["a"], []) == ["a"]
    assert gather(["a"], None) == []


@pytest.mark.parametrize(
    ("old", "new", "then"),
    [
        ("running", "capped", "capped"),
        ("capped", "starved", "starved"),
        ("starved", "capped", "starved"),
        ("capped", "finished", "capped"),
        ("starved", "running", "running"),
    ],
)
def test_the_worst_reason_to_stop_holds(old: Any, new: Any, then: str) -> None:
    assert worst(old, new) == then


def test_a_branch_without_a_reason_wipes_none() -> None:
    assert latest("why", "") == "why"
    assert latest("why", "else") == "else"


def test_a_checkpoint_of_another_schema_is_refused() -> None:
    check_version(dict(initial(1)))
    with pytest.raises(BadInput, match="schema version 0"):
        check_version({"schema_version": 0})
