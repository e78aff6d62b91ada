"""A view's clock goes with the stamps of the events and, between them, with the monotonic clock."""

from __future__ import annotations

import time

import pytest

from app.live.progress import estimate_next_verdict
from app.live.view_clock import LONGEST_SILENCE_S, ViewClock, estimate_now
from app.record.record import Record
from memory.ledger.ledger import Event

YEARS = 50 * 365 * 86_400.0


@pytest.mark.parametrize("shift", [YEARS, -YEARS, 86_400.0, -86_400.0])
def test_elapsed_goes_on_as_time_passes_though_the_clock_is_set(shift: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monotonic, offset = [50.0], [1_700_000_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: monotonic[0])
    monkeypatch.setattr(time, "time", lambda: monotonic[0] + offset[0])
    record = Record()
    clock = ViewClock(record)
    record.fold(Event(1, time.time(), "clock.intent", "session", {"began": time.time()}))
    record.fold(Event(2, time.time(), "pace", "h1", {"hypothesis": "h1", "hypothesis_s": 100.0}))
    assert record.compute_elapsed(clock()) == 0
    monotonic[0] += 30
    offset[0] += shift
    assert record.compute_elapsed(clock()) == pytest.approx(30)
    record.fold(Event(3, time.time(), "clock.intent", "session", {"began": time.time(), "lived": 30.0}))
    record.fold(Event(4, time.time(), "note", "n", {"text": "t"}))
    assert record.compute_elapsed(clock()) == pytest.approx(30)
    monotonic[0] += 12
    assert record.compute_elapsed(clock()) == pytest.approx(42)
    assert estimate_next_verdict(record, clock()) == "next verdict in about 58 s"
    assert record.compute_elapsed(estimate_now(record)) <= 42 + LONGEST_SILENCE_S
