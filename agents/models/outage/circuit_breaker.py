"""A circuit breaker for one endpoint: while the endpoint is away, only probes are sent to it, one at a time.

All threads that wait for it share the probes. The pause between probes doubles, or is what the server asked for; it
starts over only after a real request is served, so that a server that comes and goes is not probed all the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from agents.models.call_faults import TransientFailure, UnusableReply, is_outage
from agents.models.outage.wait_policy import WaitPolicy
from pelagos.errors import ModelError, ModelTimeout
from pelagos.facts.calls import Outage, OutageOver
from pelagos.facts.fact import Cost

FIRST_PAUSE_S, MAX_PAUSE_S = 5.0, 300.0

Probe = Callable[[], tuple[ModelError | None, Cost]]
"""Sends the smallest possible request. Returns its error, None on success, and its cost."""


class CircuitBreaker:
    """`endpoint` is its name in ledger facts. Thread-safe."""

    def __init__(self, endpoint: str, probe: Probe, wait_policy: WaitPolicy) -> None:
        self._endpoint, self._probe, self._wait_policy = endpoint, probe, wait_policy
        self._lock, self._probing = threading.Lock(), threading.Lock()
        self._since: float | None = None
        self._back, self._next, self._failed = float("-inf"), 0.0, 0
        self._cost = Cost()
        self.reason: ModelError | None = None

    def trip(self, error: ModelError, asked_at: float) -> None:
        """Open the breaker: a request sent at `asked_at` failed. A request sent before the endpoint was last seen to
        answer is ignored."""
        with self._lock:
            now = self._wait_policy.clock.now()
            if self._since is not None or asked_at < self._back:
                return
            self._since = now
            pause = self._schedule_probe(now, error)
            outage = Outage(spec=self._endpoint, reason=str(error)[:500], next_s=pause)
            self._wait_policy.record_fact(outage, self._endpoint)

    def away_s(self) -> float | None:
        """Return the seconds since the breaker opened, None if it is closed."""
        since = self._since
        return None if since is None else self._wait_policy.clock.now() - since

    def may_ask(self) -> bool:
        """Whether requests may be sent. Sends a probe if one is due, for all waiting threads. Raises the ModelError of
        a probe that the endpoint refuses."""
        if self._since is None:
            return True
        if self._wait_policy.clock.now() < self._next or not self._probing.acquire(blocking=False):
            return False
        try:
            return self._since is None or self._probe_succeeds()
        finally:
            self._probing.release()

    def is_silent(self) -> bool:
        """Whether a probe fails now. Asked while the breaker is closed, after a request timed out."""
        error, cost = self._probe()
        self._cost += cost
        return error is not None and _means_away(error)

    def record_success(self) -> None:
        """A real request was answered: the pauses between probes start over."""
        self._failed = 0

    def _probe_succeeds(self) -> bool:
        error, cost = self._probe()
        with self._lock:
            self._cost += cost
            now = self._wait_policy.clock.now()
            if error is not None and _means_away(error):
                self._schedule_probe(now, error)
                return False
            if error is not None and not isinstance(error, UnusableReply):
                raise error
            over = OutageOver(spec=self._endpoint, seconds=now - (self._since or now))
            self._wait_policy.record_fact(over, self._endpoint, self._cost)
            self._since, self._back, self._cost, self.reason = None, now, Cost(), None
            return True

    def _schedule_probe(self, now: float, error: ModelError) -> float:
        """Schedule the next probe; return the pause before it in seconds."""
        retry_after = error.retry_after if isinstance(error, TransientFailure) else None
        pause = max(min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failed, 10)), retry_after or 0.0)
        self.reason, self._next, self._failed = error, now + pause, self._failed + 1
        return pause


def _means_away(error: ModelError) -> bool:
    return is_outage(error) or isinstance(error, ModelTimeout)
