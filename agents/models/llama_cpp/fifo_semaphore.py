"""A semaphore that serves waiting threads in order of arrival: a newcomer never overtakes a thread that waits."""

from __future__ import annotations

import threading
from collections import deque


class FifoSemaphore:
    """At most `slots` holders at a time. Thread-safe."""

    def __init__(self, slots: int) -> None:
        self._free = self.slots = slots
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @property
    def held(self) -> int:
        """How many slots are held now."""
        return self.slots - self._free

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for a slot. Returns False if none was free within `timeout` seconds."""
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

    def release(self) -> None:
        """Release one slot, to the first waiting thread if there is one."""
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1
