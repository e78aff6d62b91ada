"""Counts a role's consecutive calls without a usable reply; past a bound the model counts as unavailable.

Without this bound, a server that answers every call with a login page, with thoughts only or with a refusal would cost
a night of calls, each of them harmless on its own.
"""

from __future__ import annotations

import threading

from pelagos.errors import BadReply, ModelError, ModelUnavailable, NothingUsable

MAX_FAILURES = 5


class FailureStreak:
    """Thread-safe."""

    def __init__(self, role: str, most: int = MAX_FAILURES) -> None:
        self._role, self._most = role, most
        self._failed = 0
        self._lock = threading.Lock()

    def reset(self) -> None:
        """A call gave a usable reply."""
        with self._lock:
            self._failed = 0

    def count_failure(self, error: ModelError) -> None:
        """A call gave no usable reply. Raises ModelUnavailable with the reason when the bound is reached, NothingUsable
        where the last was a bad reply."""
        with self._lock:
            self._failed += 1
            if self._failed < self._most:
                return
        away = NothingUsable if isinstance(error, BadReply) else ModelUnavailable  # a server that is slow may recover
        raise away(f"{self._role}: {self._most} calls in a row gave nothing usable, the last: {error}")
