"""The reducers, by which lanes meet, and the numbers that lanes give to their hypotheses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.state import check_version, keep_latest, keep_worst, make_initial_state, open_lane
from pelagos.errors import BadInput


def test_the_state_is_json_and_small() -> None:
    assert len(json.dumps(make_initial_state(3))) < 500


def test_lanes_number_their_hypotheses_without_gaps_or_doubles() -> None:
    state = {**make_initial_state(3), "numbered": 10}
    numbers = [
        lane["number"] + lane["lanes"] * step for lane in (open_lane(state, n) for n in range(3)) for step in (1, 2)
    ]
    assert sorted(numbers) == [11, 12, 13, 14, 15, 16]


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
    assert keep_worst(old, new) == then


def test_a_lane_without_a_reason_wipes_none() -> None:
    assert keep_latest("why", "") == "why"
    assert keep_latest("why", "else") == "else"


def test_a_checkpoint_of_another_schema_is_refused() -> None:
    check_version(dict(make_initial_state(1)))
    with pytest.raises(BadInput, match="schema version 0"):
        check_version({"schema_version": 0})
