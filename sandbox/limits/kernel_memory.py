"""Counts kernel memory that control groups don't count: POSIX file locks, and what is queued in sockets.

Version 1 of control groups bounds the queues of network sockets together, but leaves each socket its minimum.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MAX_LOCKS = 20_000
_SAMPLE_EVERY_S = 0.25
_CHUNK = 1 << 16
_SOCKET_TABLES = ("tcp", "tcp6", "udp", "udp6")
_FEW_SOCKETS = 8
# More than a UNIX socket can hold while its buffer keeps its size (sandbox/limits/seccomp.py); the first ones are not
# counted.
UNIX_BUFFER_BYTES, _UNCHARGED_UNIX_SOCKETS = 425_984, 64


class KernelMemoryMeter:
    """`member` says whether a pid of the host belongs to the tree, `pid` is one in its network namespace. `memory` is
    the limit (bytes) of what is queued, `unix` the bytes counted for each UNIX socket: 0 where the kernel counts
    them."""

    def __init__(self, member: Callable[[int], bool], pid: int, memory: int, unix: int = 0) -> None:
        self._member, self._net = member, Path(f"/proc/{pid}/net")
        self._memory, self._unix = memory, unix
        self._next = 0.0

    def sample(self, now: float) -> str:
        """Measure, at most four times a second. Return why the tree must be killed now: `locks`, `oom`, or an empty
        string."""
        if now < self._next:
            return ""
        self._next = now + _SAMPLE_EVERY_S
        if count_locks(self._member, MAX_LOCKS) > MAX_LOCKS:
            return "locks"
        return "oom" if queued_bytes(self._net, self._unix) > self._memory else ""


def queued_bytes(net: Path, unix: int) -> int:
    """Return the bytes in the queues of a network namespace's sockets; every UNIX socket above the first few counts as
    `unix` bytes."""
    try:
        used = {**_sockets_in_use(net / "sockstat"), **_sockets_in_use(net / "sockstat6")}
        network = sum(used.get(name, 0) for name in ("TCP", "TCP6", "UDP", "UDP6"))
        tables = [net / name for name in _SOCKET_TABLES if used.get(name.upper(), 0) > _FEW_SOCKETS]
        bytes_ = sum(_queued_on_line(line) for table in tables for line in table.read_text().splitlines()[1:])
    except OSError:  # the process has ended
        return 0
    return bytes_ + unix * max(used.get("sockets", 0) - network - _UNCHARGED_UNIX_SOCKETS, 0)


def _sockets_in_use(file: Path) -> dict[str, int]:
    """Return the number of sockets per protocol: the number after the first word of `TCP: inuse 2 orphan 0`."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {line[0].rstrip(":"): int(line[2]) for line in lines if len(line) > 2}


def _queued_on_line(line: str) -> int:
    sent, _, received = line.split()[4].partition(":")
    return int(sent, 16) + int(received, 16)


def count_locks(member: Callable[[int], bool], most: int) -> int:
    """Return how many locks the tree holds; counting stops a little above `most`. The newest come first."""
    counts: dict[int, int] = {}
    is_member: dict[int, bool] = {}
    handle = os.open("/proc/locks", os.O_RDONLY)
    rest, held = b"", 0
    try:
        while held <= most and (chunk := os.read(handle, _CHUNK)):
            *lines, rest = (rest + chunk).split(b"\n")
            counts.clear()
            for line in lines:
                pid = _lock_owner(line)
                counts[pid] = counts.get(pid, 0) + 1
            for pid, count in counts.items():
                if pid not in is_member:
                    is_member[pid] = pid > 0 and member(pid)
                held += count if is_member[pid] else 0
    finally:
        os.close(handle)
    return held


def _lock_owner(line: bytes) -> int:
    """Return the pid of a line such as `1: POSIX ADVISORY WRITE 123 08:01:456 0 EOF`; a waiting lock has an arrow
    before its kind."""
    fields = line.replace(b" -> ", b" ").split()
    return int(fields[4]) if len(fields) > 4 else 0
