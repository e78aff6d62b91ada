"""Computes how long a run has worked from the rows of its ledger, although the system's clock may be set and the
machine may sleep.

A row's `at` is a time stamp for display. Elapsed time is measured by the monotonic clock of the process that drives
the run and recorded in spans: each `clock.intent` row with `lived` says how many seconds the span before it lasted.
Budget writes one when the two clocks diverge, and every few minutes; from a `pause.intent` row to the next one no work
is done. Only the time after a process's last such row is computed from stamps, and so are the ledgers of earlier
versions: there each gap between stamps is capped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pelagos.facts.drive import Span
from pelagos.facts.fact import INTENT
from pelagos.facts.reader import read, read_seconds

CLOCK, PAUSE = "clock", "pause"
LONGEST_GAP_S = 900.0
"""The longest credible gap (s) between two rows, unless the later one says that it took longer."""


class StampedEvent(Protocol):
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any]: ...


class RunClock:
    """Fold the rows in order; `seconds` is the time worked until the last one."""

    def __init__(self) -> None:
        self._closed = self._open = 0.0
        self._last: float | None = None
        self._resting = False

    @property
    def seconds(self) -> float:
        return self._closed + self._open

    def fold(self, event: StampedEvent) -> None:
        if event.kind in (CLOCK + INTENT, PAUSE + INTENT):
            span = read(Span, event.payload)
            self._closed += self._open if span.lived is None else span.lived
            self._open, self._last = 0.0, event.at if span.began is None else span.began
            self._resting = event.kind == PAUSE + INTENT
        elif not self._resting:
            self._open += plausible_gap(event.at - self._last, event.payload) if self._last is not None else 0.0
            self._last = event.at

    def stop(self) -> None:
        """Count no more time until the next launch."""
        self._resting = True


def is_launch(event: StampedEvent) -> bool:
    """Whether a process began to drive the run with this row."""
    return event.kind == CLOCK + INTENT and read(Span, event.payload).lived is None


def plausible_gap(seconds: float, payload: Mapping[str, Any]) -> float:
    """Return the seconds between two stamps, capped at what is credible."""
    if seconds <= LONGEST_GAP_S:
        return max(0.0, seconds)
    return min(seconds, max(LONGEST_GAP_S, 2.0 * read_seconds(payload)))
