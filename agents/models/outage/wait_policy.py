"""The rules for waiting on an absent model, shared by a run: clock, patience, early ends, and what is recorded."""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

from memory.steps.steps import Steps
from pelagos.errors import Interrupted
from pelagos.facts.fact import Cost, Fact

TICK_S = 0.25
PATIENCE_S = 6 * 3600.0


class Clock(Protocol):
    """A monotonic clock, in seconds."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def patience_seconds(setting_s: float | None, cap_s: float | None) -> float:
    """Return how many seconds an endpoint is waited for: the setting, else as long as the time cap allows."""
    if setting_s is not None:
        return setting_s
    return PATIENCE_S if cap_s is None else math.inf


class WaitPolicy:
    """One per run. `patience_s` bounds a wait; `fallback_s` is how long an outage lasts before another model is asked.
    Thread-safe."""

    def __init__(
        self, steps: Steps, stop: threading.Event, *, patience_s: float, fallback_s: float = 60.0,
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.clock: Clock = clock or SystemClock()
        self.patience_s, self.fallback_s = patience_s, min(fallback_s, patience_s)
        self._steps, self._stop = steps, stop

    def check(self) -> None:
        """Raises Interrupted if a stop was requested, CapReached if the time is used up."""
        if self._stop.is_set():
            raise Interrupted("stopped at a boundary")
        self._steps.budget.check()

    def pause(self, seconds: float) -> None:
        """Sleep for `seconds`. Raises Interrupted or CapReached as soon as either applies."""
        end = self.clock.now() + seconds
        self.check()
        while (remaining := end - self.clock.now()) > 0:
            self.clock.sleep(min(TICK_S, remaining))
            self.check()

    def record_fact(self, fact: Fact, key: str, cost: Cost | None = None) -> None:
        self._steps.spend(fact, key, cost or Cost())
