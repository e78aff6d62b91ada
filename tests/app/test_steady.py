"""A view's clock goes with the stamps of the events and, between them, with the monotonic clock."""

from __future__ import annotations

import time

import pytest

from app.progress import next_verdict
from app.record import Record
from app.steady import LONGEST_SILENCE_S, Steady, beside
from memory.ledger import Event

YEARS = 50 * 365 * 86_400.0


@pytest.mark.parametrize("by", [YEARS, -YEARS, 86_400.0, -86_400.0])
def test_elapsed_goes_on_as_time_passes_though_the_clock_is_set(by: float, monkeypatch: pytest.MonkeyPatch) -> None:
    steady, ahead = [50.0], [1_700_000_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: steady[0])
    monkeypatch.setattr(time, "time", lambda: steady[0] + ahead[0])
    record = Record()
    clock = Steady(record)
    record.fold(Event(1, time.time(), "clock.intent", "session", {"began": time.time()}))
    record.fold(Event(2, time.time(), "pace", "h1", {"hypothesis": "h1", "hypothesis_s": 100.0}))
    assert record.elapsed(clock()) == 0
    steady[0] += 30
    ahead[0] += by
    assert record.elapsed(clock()) == pytest.approx(30)
    record.fold(Event(3, time.time(), "clock.intent", "session", {"began": time.time(), "lived": 30.0}))
    record.fold(Event(4, time.time(), "note", "n", {"text": "t"}))
    assert record.elapsed(clock()) == pytest.approx(30)
    steady[0] += 12
    assert record.elapsed(clock()) == pytest.approx(42)
    assert next_verdict(record, clock()) == "next verdict in about 58 s"
    assert record.elapsed(beside(record)) <= 42 + LONGEST_SILENCE_S
