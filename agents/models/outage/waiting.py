"""What all waits for models of a run have in common: their clock, what ends them early, what is recorded of them."""

from __future__ import annotations

import math
import threading
import time
from typing import Any, Protocol

from memory.budget import Cost
from memory.steps import Steps
from pelagos.errors import Interrupted

TICK_S = 0.25
PATIENCE_S = 6 * 3600.0


class Clock(Protocol):
    """Seconds that only grow."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def patience(wanted_s: float | None, cap_s: float | None) -> float:
    """Seconds that an endpoint is waited for: what was asked for, else as long as the cap on time allows."""
    if wanted_s is not None:
        return wanted_s
    return PATIENCE_S if cap_s is None else math.inf


class Waiting:
    """One per run. `patience_s` bounds a wait, `fallback_s` is how long an outage lasts before another model is asked.
    Thread-safe."""

    def __init__(
        self, steps: Steps, stop: threading.Event, *, patience_s: float, fallback_s: float = 60.0,
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.clock: Clock = clock or SystemClock()
        self.patience_s, self.fallback_s = patience_s, min(fallback_s, patience_s)
        self._steps, self._stop = steps, stop

    def check(self) -> None:
        """Raises Interrupted where a stop was asked for, CapReached where time is up."""
        if self._stop.is_set():
            raise Interrupted("stopped at a boundary")
        self._steps.budget.check()

    def pause(self, seconds: float) -> None:
        """Raises Interrupted and CapReached as soon as either is so."""
        end = self.clock.now() + seconds
        self.check()
        while (left := end - self.clock.now()) > 0:
            self.clock.sleep(min(TICK_S, left))
            self.check()

    def record(self, kind: str, key: str, payload: dict[str, Any], cost: Cost | None = None) -> None:
        self._steps.spend(kind, key, payload, cost or Cost())
