"""Turns at a bounded number of slots, in order of arrival: a newcomer never overtakes one that waits."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """`slots` holders at a time. Thread-safe."""

    def __init__(self, slots: int) -> None:
        self._free = self.slots = slots
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @property
    def held(self) -> int:
        """How many hold a turn now."""
        return self.slots - self._free

    def take(self, timeout: float | None = None) -> bool:
        """Wait for a turn; False if none came within `timeout` seconds."""
        called = threading.Event()
        with self._lock:
            if self._free and not self._queue:
                self._free -= 1
                return True
            self._queue.append(called)
        if called.wait(timeout):
            return True
        with self._lock:
            if not called.is_set():
                self._queue.remove(called)
            return called.is_set()

    def give(self) -> None:
        """Give one turn back: to the first who waits, if anyone does."""
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1
