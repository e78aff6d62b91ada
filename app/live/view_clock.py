"""The current time of a view: the time stamp of the last event plus the monotonic time since the view saw it.

Someone may set the system's clock at any moment, and the time stamps of later events change with it.
"""

from __future__ import annotations

import time

from app.record.record import Record

LONGEST_SILENCE_S = 3600.0


class ViewClock:
    """Returns the current time in Unix seconds when called."""

    def __init__(self, record: Record) -> None:
        self._record, self._seen = record, record.last_event
        self._anchor = time.time(), time.monotonic()

    def __call__(self) -> float:
        if self._record.last_event != self._seen:
            self._seen = self._record.last_event
            self._anchor = self._record.last_at, time.monotonic()
        wall_s, monotonic_s = self._anchor
        return wall_s + time.monotonic() - monotonic_s


def estimate_now(record: Record) -> float:
    """Return the current time (Unix seconds) for a process that does not drive the run. A silence of more than
    LONGEST_SILENCE_S is cut to it: the system's clock was set."""
    return min(time.time(), record.last_at + LONGEST_SILENCE_S)
