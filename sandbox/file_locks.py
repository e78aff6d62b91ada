"""POSIX file locks: kernel memory that no control group counts, so they are counted here."""

from __future__ import annotations

import os
from collections.abc import Callable

MOST = 20_000
_EVERY = 0.25
_CHUNK = 1 << 16


class FileLocks:
    """`member` says whether a pid of the host belongs to the tree."""

    def __init__(self, member: Callable[[int], bool]) -> None:
        self._member = member
        self._next = 0.0

    def sample(self, now: float) -> str:
        """Why the tree must die now, looked at four times a second: `locks`, or nothing."""
        if now < self._next:
            return ""
        self._next = now + _EVERY
        return "locks" if held(self._member, MOST) > MOST else ""


def held(member: Callable[[int], bool], most: int) -> int:
    """How many locks the tree holds; no more than a little above `most` are counted. The newest come first."""
    counts: dict[int, int] = {}
    known: dict[int, bool] = {}
    handle = os.open("/proc/locks", os.O_RDONLY)
    rest, ours = b"", 0
    try:
        while ours <= most and (chunk := os.read(handle, _CHUNK)):
            *lines, rest = (rest + chunk).split(b"\n")
            counts.clear()
            for line in lines:
                pid = _owner(line)
                counts[pid] = counts.get(pid, 0) + 1
            for pid, count in counts.items():
                if pid not in known:
                    known[pid] = pid > 0 and member(pid)
                ours += count if known[pid] else 0
    finally:
        os.close(handle)
    return ours


def _owner(line: bytes) -> int:
    """The pid in `1: POSIX  ADVISORY  WRITE 123 08:01:456 0 EOF`, where a waiting one has an arrow before its kind."""
    fields = line.replace(b" -> ", b" ").split()
    return int(fields[4]) if len(fields) > 4 else 0
