"""How many threads the embedded model gets: one per core that nobody else is using.

Its threads wait for each other many times per token, so one that has to share its core holds up all the others: on a
2-core machine with a load of 7, two threads wrote 2 to 7 tokens/s and one thread 21 to 32 (135M model); with nothing
else running two wrote 88 to 99 and one 65. Looked at when the model is loaded, and again while it thinks.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LOOK_S = 0.3
LOOK_AGAIN_S = 20.0
_IDLE, _IOWAIT = 3, 4
_UTIME, _CSTIME = 11, 14  # of the fields behind the process's name: own user time up to ended children's system time
PROC = Path("/proc")


class Ticks(NamedTuple):
    """Clock ticks of all cores since boot: of everything, of what was busy, and of this process and its children."""

    total: int
    busy: int
    own: int


class Watch:
    """Says when another number of threads is right: two looks in a row, each over `look_s` seconds of thinking.

    Only time between `start` and `stop` counts, so that our own experiments, which run while the model doesn't think,
    are never taken for somebody else's work.
    """

    def __init__(self, threads: int, look_s: float = LOOK_AGAIN_S, proc: Path = PROC) -> None:
        self.threads = threads
        self._look_s, self._proc = look_s, proc
        self._began: tuple[float, Ticks] | None = None
        self._seconds = 0.0
        self._total = self._others = 0
        self._differed = False

    def start(self) -> None:
        """The model begins to think."""
        self._began = (time.monotonic(), ticks(self._proc)) if (self._proc / "stat").exists() else None

    def stop(self) -> None:
        """The model stops thinking."""
        if self._began is None:
            return
        (began, before), after = self._began, ticks(self._proc)
        self._began = None
        self._seconds += time.monotonic() - began
        self._total += after.total - before.total
        self._others += max(after.busy - before.busy - max(after.own - before.own, 0), 0)

    def change(self) -> int | None:
        """The number of threads to go on with, where it is another one now; None: nothing to change."""
        if self._seconds < self._look_s or not self._total:
            return None
        wanted = fitting(self._others / self._total)
        self._seconds, self._total, self._others = 0.0, 0, 0
        differs = abs(wanted - self.threads) * 4 >= self.threads and wanted != self.threads
        changes, self._differed = differs and self._differed, differs
        if not changes:
            return None
        self.threads, self._differed = wanted, False
        return wanted


def spare(look_s: float = LOOK_S) -> int:
    """Cores that were idle while we looked, at least 1. All of them where the system doesn't say (no /proc)."""
    if not (PROC / "stat").exists():
        return fitting(0.0)
    before = _machine(PROC)
    time.sleep(look_s)
    after = _machine(PROC)
    return fitting((after[1] - before[1]) / max(after[0] - before[0], 1))


def fitting(busy: float) -> int:
    """Threads where others keep the share `busy` of all cores busy: between 1 and the cores we may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, max(1, round((1 - busy) * (os.cpu_count() or 1))))


def ticks(proc: Path = PROC) -> Ticks:
    """The machine's ticks and our own, now."""
    total, busy = _machine(proc)
    return Ticks(total, busy, _own(proc, os.getpid()))


def _machine(proc: Path) -> tuple[int, int]:
    """(all, busy) ticks of all cores since boot."""
    fields = [int(field) for field in (proc / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), sum(fields) - fields[_IDLE] - fields[_IOWAIT]


def _own(proc: Path, root: int) -> int:
    """Ticks of `root` and all below it, those that have ended included."""
    parents: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for pid, parent, used in _processes(proc):
        parents.setdefault(parent, []).append(pid)
        spent[pid] = used
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return sum(spent.get(pid, 0) for pid in found)


def _processes(proc: Path) -> Iterable[tuple[int, int, int]]:
    """(pid, parent, ticks) of every process; one that ends while we look is left out."""
    for file in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = file.read_text("utf-8", "replace").rpartition(")")[2].split()
            yield int(file.parent.name), int(fields[1]), sum(int(field) for field in fields[_UTIME : _CSTIME + 1])
