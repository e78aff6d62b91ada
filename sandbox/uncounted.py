"""Kernel memory that control groups don't count, so it's counted here: POSIX file locks, and what is queued in sockets.

Version 1 of control groups bounds the queues of network sockets together, but leaves each socket its least.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MOST_LOCKS = 20_000
_EVERY = 0.25
_CHUNK = 1 << 16
_QUEUED = ("tcp", "tcp6", "udp", "udp6")
_FEW = 8
# More than a UNIX socket may hold whose buffer keeps its size (sandbox/seccomp.py); the first of them go for nothing.
UNIX_BUFFER, _UNIX_FREE = 425_984, 64


class Uncounted:
    """`member` says whether a pid of the host belongs to the tree, `pid` is one in its network name space. `memory`
    is the limit of what is queued, `unix` the bytes that count for a UNIX socket: none where the kernel counts them."""

    def __init__(self, member: Callable[[int], bool], pid: int, memory: int, unix: int = 0) -> None:
        self._member, self._net = member, Path(f"/proc/{pid}/net")
        self._memory, self._unix = memory, unix
        self._next = 0.0

    def sample(self, now: float) -> str:
        """Why the tree must die now, looked at four times a second: `locks`, `oom`, or nothing."""
        if now < self._next:
            return ""
        self._next = now + _EVERY
        if locks(self._member, MOST_LOCKS) > MOST_LOCKS:
            return "locks"
        return "oom" if queued(self._net, self._unix) > self._memory else ""


def queued(net: Path, unix: int) -> int:
    """Bytes in the queues of a network name space's sockets, every UNIX one above the first few taken for `unix`."""
    try:
        used = {**_used(net / "sockstat"), **_used(net / "sockstat6")}
        network = sum(used.get(name, 0) for name in ("TCP", "TCP6", "UDP", "UDP6"))
        tables = [net / name for name in _QUEUED if used.get(name.upper(), 0) > _FEW]
        bytes_ = sum(_waiting(line) for table in tables for line in table.read_text().splitlines()[1:])
    except OSError:  # it has ended
        return 0
    return bytes_ + unix * max(used.get("sockets", 0) - network - _UNIX_FREE, 0)


def _used(file: Path) -> dict[str, int]:
    """Sockets per protocol: the number behind the first word of `TCP: inuse 2 orphan 0`."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {line[0].rstrip(":"): int(line[2]) for line in lines if len(line) > 2}


def _waiting(line: str) -> int:
    sent, _, received = line.split()[4].partition(":")
    return int(sent, 16) + int(received, 16)


def locks(member: Callable[[int], bool], most: int) -> int:
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
