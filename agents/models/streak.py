"""Calls of one role that give nothing usable, one after the other: past a bound the model is as good as gone.

Without it a server that answers every call with a login page, with thoughts only or with a refusal would cost a night
of calls, each of them harmless for itself.
"""

from __future__ import annotations

import threading

from pelagos.errors import ModelError, ModelUnavailable

MOST = 5


class Streak:
    """Thread-safe."""

    def __init__(self, role: str, most: int = MOST) -> None:
        self._role, self._most = role, most
        self._failed = 0
        self._lock = threading.Lock()

    def end(self) -> None:
        """A call gave something usable."""
        with self._lock:
            self._failed = 0

    def grow(self, error: ModelError) -> None:
        """A call gave nothing usable. Raises ModelUnavailable with its reason where it was one too many."""
        with self._lock:
            self._failed += 1
            if self._failed < self._most:
                return
        raise ModelUnavailable(f"{self._role}: {self._most} calls in a row gave nothing usable, the last: {error}")
