"""An attempt that the machinery spoiled is said, and whose it was."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.event_lines import describe_event
from app.record.record import Record
from memory.ledger.ledger import Event


@pytest.mark.parametrize(
    ("kind", "payload", "whose"),
    [
        ("experiment.attempt", {"hypothesis": None}, "baseline"),
        ("experiment.attempt", {"hypothesis": "h2"}, "h2"),
        ("scoring.attempt", {}, "h1"),
    ],
)
def test_a_spoiled_attempt_is_said(kind: str, payload: dict[str, Any], whose: str) -> None:
    record = Record(current_hypothesis="h1")
    event = Event(1, 0.0, kind, "k/1", {"of": "k", "cause": "killed by SIGKILL", **payload})
    record.fold(event)
    assert describe_event(record, event) == f"{whose}: an attempt was spoiled from outside: killed by SIGKILL"
