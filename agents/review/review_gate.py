"""The gate at which lanes wait for a reviewer: tracks which lanes wait, and when the drive gives up waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from memory.steps.budget import Budget

POLL_S = 0.5


class ReviewGate:
    """`lanes` is the number of lanes that are open when the drive begins. While all open lanes wait, the run's clock is
    paused; after `patience_s` seconds of that they give up. Thread-safe."""

    def __init__(self, lanes: int, patience_s: float, budget: Budget) -> None:
        self._open, self._patience_s, self._budget = lanes, patience_s, budget
        self._waiting: set[int] = set()
        self._idle_since: float | None = None
        self._shut = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self, lane: int) -> Iterator[None]:
        """The lane waits while this context is open."""
        with self._lock:
            self._waiting.add(lane)
            self._pause_if_all_wait()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.discard(lane)
                idle_since, self._idle_since = self._idle_since, None
            if idle_since is not None:
                self._budget.resume()

    def leave(self) -> None:
        """A lane has ended, or is suspended until the next drive."""
        with self._lock:
            self._open -= 1
            self._pause_if_all_wait()

    def restart_patience(self) -> None:
        """A person has taken a pause back: where all open lanes wait for a decision, they wait anew, on no one's
        hours."""
        with self._lock:
            if self._idle_since is not None:
                self._idle_since = time.monotonic()
                self._budget.pause()

    def close(self) -> None:
        """Another lane's error ends the drive: no lane waits any longer."""
        self._shut.set()

    def given_up(self) -> bool:
        """Return whether waiting is over, after a pause of `POLL_S`."""
        if self._shut.wait(0 if self._is_over() else POLL_S):
            return True
        return self._is_over()

    def _is_over(self) -> bool:
        with self._lock:
            return self._idle_since is not None and time.monotonic() - self._idle_since >= self._patience_s

    def _pause_if_all_wait(self) -> None:
        """Pause the run's clock if all open lanes wait. The caller holds the lock."""
        if self._waiting and len(self._waiting) >= self._open and self._idle_since is None:
            self._idle_since = time.monotonic()
            self._budget.pause()
