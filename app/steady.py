"""What a view takes for now: the stamp of the last event and what has passed since it was seen, by the monotonic clock.

The system's clock may be set at any moment, and the stamps of the events go with it.
"""

from __future__ import annotations

import time

from app.record import Record

LONGEST_SILENCE_S = 3600.0


class Steady:
    """Unix seconds, asked several times a second."""

    def __init__(self, record: Record) -> None:
        self._record, self._seen = record, record.last
        self._anchor = time.time(), time.monotonic()

    def __call__(self) -> float:
        if self._record.last != self._seen:
            self._seen = self._record.last
            self._anchor = self._record.last_at, time.monotonic()
        at, seen = self._anchor
        return at + time.monotonic() - seen


def beside(record: Record) -> float:
    """Now (Unix seconds) for a process beside the one that drives the run: a longer silence is a clock that was set."""
    return min(time.time(), record.last_at + LONGEST_SILENCE_S)
