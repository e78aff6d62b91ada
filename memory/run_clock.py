"""How long a run has worked, from the rows of its ledger: the system's clock may be set, or the machine may sleep.

A row's `at` is a stamp to show. What passed is measured by the monotonic clock of the process that drives the run, and
recorded in spans: each `clock.intent` row that carries `lived` says how many seconds the span before it lasted. Budget
writes one when the two clocks part, and every few minutes; from a `pause.intent` row to the next one nobody works. Only
what follows the last one of a process is reckoned from stamps, and so are the ledgers of earlier versions: there no gap
counts for more than it can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from memory.rows import INTENT

CLOCK, PAUSE = "clock", "pause"
LONGEST_GAP_S = 900.0
"""Between two rows, unless the later one says itself that it took longer."""


class Stamped(Protocol):
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any]: ...


class RunClock:
    """Fold the rows in their order; `seconds` is the time worked until the last one."""

    def __init__(self) -> None:
        self._closed = self._open = 0.0
        self._last: float | None = None
        self._resting = False

    @property
    def seconds(self) -> float:
        return self._closed + self._open

    def fold(self, event: Stamped) -> None:
        if event.kind in (CLOCK + INTENT, PAUSE + INTENT):
            lived = event.payload.get("lived")
            self._closed += self._open if lived is None else float(lived)
            self._open, self._last = 0.0, float(event.payload.get("began", event.at))
            self._resting = event.kind == PAUSE + INTENT
        elif not self._resting:
            self._open += gap(event.at - self._last, event.payload) if self._last is not None else 0.0
            self._last = event.at

    def rest(self) -> None:
        """What comes until the next launch is nobody's work."""
        self._resting = True


def launches(event: Stamped) -> bool:
    """Whether a process began to drive the run with this row."""
    return event.kind == CLOCK + INTENT and "lived" not in event.payload


def gap(seconds: float, payload: Mapping[str, Any]) -> float:
    """The seconds between two stamps, as far as they can be true."""
    took = [payload.get(name) for name in ("seconds", "wall_s")]
    most = max([LONGEST_GAP_S, *(2.0 * one for one in took if isinstance(one, int | float))])
    return min(max(0.0, seconds), most)
