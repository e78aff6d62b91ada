"""Limits how fast output is read: a program that floods its log waits at its full pipe and keeps no processor of the
host busy. It runs inside containers as well: standard library only."""

from __future__ import annotations

BYTES_PER_S, BURST_BYTES = 8_000_000, 2_000_000


class ReadRate:
    """A token bucket of BYTES_PER_S and BURST_BYTES. Times are seconds on one clock."""

    def __init__(self, now: float) -> None:
        self._available, self._updated_at = float(BURST_BYTES), now

    def allows_read(self, now: float) -> bool:
        """Whether more may be read now."""
        self._available = min(self._available + (now - self._updated_at) * BYTES_PER_S, BURST_BYTES)
        self._updated_at = now
        return self._available > 0

    def count(self, size: int) -> None:
        """Count `size` bytes as read."""
        self._available -= size
