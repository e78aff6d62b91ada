"""How fast output is read: a program that floods its log waits at its full pipe and keeps no processor of the host
busy. Runs inside containers as well: standard library only."""

from __future__ import annotations

RATE, BURST = 8_000_000, 2_000_000


class Flow:
    """Times are seconds on one clock."""

    def __init__(self, now: float) -> None:
        self._free, self._then = float(BURST), now

    def is_open(self, now: float) -> bool:
        """Whether more may be read now."""
        self._free = min(self._free + (now - self._then) * RATE, BURST)
        self._then = now
        return self._free > 0

    def took(self, size: int) -> None:
        """So many bytes were read."""
        self._free -= size
