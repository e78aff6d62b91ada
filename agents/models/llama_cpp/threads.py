"""Chooses the embedded model's number of threads: one per core that no other process is using.

Its threads synchronise many times per token, so one that has to share its core holds up all the others: on a 2-core
machine with a load of 7, two threads wrote 2 to 7 tokens/s and one thread 21 to 32 (135M model); with nothing else
running two wrote 88 to 99 and one 65. The load is measured when the model is loaded and again while it computes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

IDLE_WINDOW_S = 0.3
MONITOR_WINDOW_S = 20.0
_IDLE, _IOWAIT = 3, 4
_UTIME, _CSTIME = (
    11,
    14,
)  # indices of the fields after the process's name: own user time to ended children's system time
PROC = Path("/proc")


class Ticks(NamedTuple):
    """Clock ticks of all cores since boot: all of them, the busy ones, and those of this process and its children."""

    total: int
    busy: int
    own: int


class LoadMonitor:
    """Tells when another number of threads fits the load: after two measurements in a row, each over `window_s`
    seconds.

    Only time between `start` and `stop` counts, so that our own experiments, which run while the model is idle, are
    never counted as other processes' load.
    """

    def __init__(self, threads: int, window_s: float = MONITOR_WINDOW_S, proc: Path = PROC) -> None:
        self.threads = threads
        self._window_s, self._proc = window_s, proc
        self._began: tuple[float, Ticks] | None = None
        self._seconds = 0.0
        self._total = self._others = 0
        self._differed = False

    def start(self) -> None:
        """The model starts to compute."""
        self._began = (time.monotonic(), read_ticks(self._proc)) if (self._proc / "stat").exists() else None

    def stop(self) -> None:
        """The model stops computing."""
        if self._began is None:
            return
        (began, before), after = self._began, read_ticks(self._proc)
        self._began = None
        self._seconds += time.monotonic() - began
        self._total += after.total - before.total
        self._others += max(after.busy - before.busy - max(after.own - before.own, 0), 0)

    def new_thread_count(self) -> int | None:
        """Return the number of threads to change to, None to keep the present one."""
        if self._seconds < self._window_s or not self._total:
            return None
        threads = threads_for(self._others / self._total)
        self._seconds, self._total, self._others = 0.0, 0, 0
        differs = abs(threads - self.threads) * 4 >= self.threads and threads != self.threads
        changes, self._differed = differs and self._differed, differs
        if not changes:
            return None
        self.threads, self._differed = threads, False
        return threads


def count_idle_cores(window_s: float = IDLE_WINDOW_S) -> int:
    """Return the number of cores that were idle during `window_s` seconds, at least 1. Without /proc: all cores."""
    if not (PROC / "stat").exists():
        return threads_for(0.0)
    before = _machine(PROC)
    time.sleep(window_s)
    after = _machine(PROC)
    return threads_for((after[1] - before[1]) / max(after[0] - before[0], 1))


def threads_for(busy: float) -> int:
    """Return the number of threads if others keep the share `busy` of all cores busy: from 1 to the usable cores."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, max(1, round((1 - busy) * (os.cpu_count() or 1))))


def read_ticks(proc: Path = PROC) -> Ticks:
    """Read the machine's ticks and our own."""
    total, busy = _machine(proc)
    return Ticks(total, busy, _own(proc, os.getpid()))


def _machine(proc: Path) -> tuple[int, int]:
    """Return the ticks of all cores since boot: (all, busy)."""
    fields = [int(field) for field in (proc / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), sum(fields) - fields[_IDLE] - fields[_IOWAIT]


def _own(proc: Path, root: int) -> int:
    """Return the ticks of the process `root` and its descendants, including children that have ended."""
    parents: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for pid, parent, used in _processes(proc):
        parents.setdefault(parent, []).append(pid)
        spent[pid] = used
    family = [root]
    for pid in family:
        family += parents.get(pid, [])
    return sum(spent.get(pid, 0) for pid in family)


def _processes(proc: Path) -> Iterable[tuple[int, int, int]]:
    """Yield (pid, parent, ticks) of every process. One that ends meanwhile is skipped."""
    for file in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = file.read_text("utf-8", "replace").rpartition(")")[2].split()
            yield int(file.parent.name), int(fields[1]), sum(int(field) for field in fields[_UTIME : _CSTIME + 1])
