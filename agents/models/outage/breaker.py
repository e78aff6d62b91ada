"""Whether one endpoint is asked at all: while it is away, one probe after the other asks it, and nobody else does.

All who wait for it wait together. The pauses between probes double, or are what the server asked for; they begin anew
once a real request is served, so that a server that comes and goes is not asked all the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from agents.models.faults import Transient, Unsound, is_outage
from agents.models.outage.waiting import Waiting
from memory.budget import Cost
from pelagos.errors import ModelError, ModelTimeout

FIRST_S, LONGEST_S = 5.0, 300.0
KIND, OVER = "outage", "outage.over"

Probe = Callable[[], tuple[ModelError | None, Cost]]
"""Asks for as little as possible. The error, None where all is well, and what it cost."""


class Breaker:
    """`what` names the endpoint in what is recorded. Thread-safe."""

    def __init__(self, what: str, probe: Probe, waiting: Waiting) -> None:
        self._what, self._probe, self._waiting = what, probe, waiting
        self._lock, self._probing = threading.Lock(), threading.Lock()
        self._since: float | None = None
        self._back, self._next, self._failed = float("-inf"), 0.0, 0
        self._cost = Cost()
        self.reason: ModelError | None = None

    def trip(self, error: ModelError, asked_at: float) -> None:
        """A request that was sent at `asked_at` found it away. One that is older than its return says nothing."""
        with self._lock:
            now = self._waiting.clock.now()
            if self._since is not None or asked_at < self._back:
                return
            self._since = now
            pause = self._postpone(now, error)
            self._waiting.record(KIND, self._what, {"spec": self._what, "reason": str(error)[:500], "next_s": pause})

    def away_s(self) -> float | None:
        """How long it has been away; None: it is not."""
        since = self._since
        return None if since is None else self._waiting.clock.now() - since

    def ready(self) -> bool:
        """Whether it may be asked. Probes it where that is due, once for all. Raises ModelError where it refuses."""
        if self._since is None:
            return True
        if self._waiting.clock.now() < self._next or not self._probing.acquire(blocking=False):
            return False
        try:
            return self._since is None or self._answers()
        finally:
            self._probing.release()

    def is_silent(self) -> bool:
        """Whether a probe finds it away now, though it is not known to be: a request to it had no answer."""
        error, cost = self._probe()
        self._cost += cost
        return error is not None and _is_away(error)

    def served(self) -> None:
        """A real request was answered."""
        self._failed = 0

    def _answers(self) -> bool:
        error, cost = self._probe()
        with self._lock:
            self._cost += cost
            now = self._waiting.clock.now()
            if error is not None and _is_away(error):
                self._postpone(now, error)
                return False
            if error is not None and not isinstance(error, Unsound):
                raise error
            told = {"spec": self._what, "seconds": now - (self._since or now)}
            self._waiting.record(OVER, self._what, told, self._cost)
            self._since, self._back, self._cost, self.reason = None, now, Cost(), None
            return True

    def _postpone(self, now: float, error: ModelError) -> float:
        """The pause before the next probe, in seconds."""
        asked = error.retry_after if isinstance(error, Transient) else None
        pause = max(min(LONGEST_S, FIRST_S * 2.0 ** min(self._failed, 10)), asked or 0.0)
        self.reason, self._next, self._failed = error, now + pause, self._failed + 1
        return pause


def _is_away(error: ModelError) -> bool:
    return is_outage(error) or isinstance(error, ModelTimeout)
