"""Where lanes wait for a reviewer: which of a drive's lanes wait, which are at work, and how long a drive stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from memory.budget import Budget

POLL_S = 0.5


class Desk:
    """Thread-safe. `lanes` are those that are open when the drive begins. While all that are still open wait, the
    run's clock stands still; when they have for `patience_s`, they are to give up."""

    def __init__(self, lanes: int, patience_s: float, budget: Budget) -> None:
        self._open, self._patience_s, self._budget = lanes, patience_s, budget
        self._waiting: set[int] = set()
        self._idle_since: float | None = None
        self._shut = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self, lane: int) -> Iterator[None]:
        """For as long as this lasts the lane waits."""
        with self._lock:
            self._waiting.add(lane)
            self._look()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.discard(lane)
                idle, self._idle_since = self._idle_since, None
            if idle is not None:
                self._budget.go_on()

    def leave(self) -> None:
        """A lane has ended, or is put aside until the next drive."""
        with self._lock:
            self._open -= 1
            self._look()

    def shut(self) -> None:
        """The drive ends by another lane's error: nobody waits any longer."""
        self._shut.set()

    def given_up(self) -> bool:
        """Whether waiting is over, after a moment's pause."""
        if self._shut.wait(0 if self._over() else POLL_S):
            return True
        return self._over()

    def _over(self) -> bool:
        with self._lock:
            return self._idle_since is not None and time.monotonic() - self._idle_since >= self._patience_s

    def _look(self) -> None:
        """Held by whoever has the lock."""
        if self._waiting and len(self._waiting) >= self._open and self._idle_since is None:
            self._idle_since = time.monotonic()
            self._budget.pause()
