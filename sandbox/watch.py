"""Limits without control groups: the tree is sampled from outside, and every process has its own resource limits.

Memory is held at the next sample (20 ms) and, between samples, by a limit on each process's data of four times the
allowance; tasks by the limit per user id; processors by what the whole tree may use of them until its time limit.
A tree is everything in the first process's pid name space, or everything that carries the run's label in its
environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sandbox.meter import MB, Counters
from sandbox.owner import is_orphan
from sandbox.protocol import Limits

LABEL = "PELAGOS_BOX"
_TICKS = os.sysconf("SC_CLK_TCK")
_MARK = f"{LABEL}=".encode()
_PATIENCE = 5.0
_INODE = 1024


class Watch:
    """`member` says whether a pid of the host belongs to the tree; it's made from the first process's pid."""

    label, counts = "rlimit", False
    doors: Sequence[Path] = ()

    def __init__(self, limits: Limits, members: Callable[[int], Callable[[int], bool]]) -> None:
        self._limits, self._members = limits, members
        self._member: Callable[[int], bool] = lambda pid: False
        self._temporary: Sequence[int] = ()
        # Nothing throttles here, so the whole allowance is held instead; some more, since threads of libraries overlap.
        self._most_ticks = _TICKS * (1 + 1.25 * limits.cpus * limits.seconds)
        self._peak = self._most_tasks = self._kills = self._ticks = 0

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        self._member, self._temporary = self._members(pid), temporary

    def sample(self) -> str:
        temporary = sum(_used(handle) for handle in self._temporary)
        tree = [_look(pid) for pid in self._tree()]
        used = temporary + sum(one.memory for one in tree)
        if used > self._limits.memory_mb * MB:  # forks share pages, and temporary files are mapped: count by share
            shares = [_share(one.pid) for one in tree]
            used = max(temporary, sum(share.shared for share in shares)) + sum(share.own for share in shares)
        self._peak = max(self._peak, used)
        self._most_tasks = max(self._most_tasks, sum(one.tasks for one in tree))
        self._ticks = max(self._ticks, sum(one.ticks for one in tree))
        if used > self._limits.memory_mb * MB:
            self._kills = 1
            return "oom"
        return "cpu" if self._ticks > self._most_ticks else ""

    def kill(self) -> None:
        end = time.monotonic() + _PATIENCE
        while (pids := list(self._tree())) and time.monotonic() < end:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)

    def close(self) -> Counters:
        crowded = self._most_tasks >= self._limits.pids - 2
        return Counters(self._peak, self._ticks / _TICKS, self._kills, int(crowded))

    def _tree(self) -> Iterable[int]:
        return (pid for pid in _everybody() if self._member(pid))


def same_pid_space(first: int) -> Callable[[int], bool]:
    """Members: whoever shares the pid name space of `first`."""
    space = _link(f"/proc/{first}/ns/pid")

    def member(pid: int) -> bool:
        return bool(space) and _link(f"/proc/{pid}/ns/pid") == space and not _zombie(pid)

    return member


def same_label(label: str) -> Callable[[int], Callable[[int], bool]]:
    """Members: whoever was started with `PELAGOS_BOX=label` and has not hidden it."""
    mark = f"{LABEL}={label}\0".encode()

    def member(pid: int) -> bool:
        with contextlib.suppress(OSError):
            return not _zombie(pid) and mark in Path(f"/proc/{pid}/environ").read_bytes()
        return False

    return lambda first: member


def orphans() -> list[int]:
    """Our user's processes that carry the label of an owner who is gone."""
    found = []
    for pid in _everybody():
        with contextlib.suppress(OSError):
            place = Path(f"/proc/{pid}")
            marks = [item for item in (place / "environ").read_bytes().split(b"\0") if item.startswith(_MARK)]
            if (
                marks
                and place.stat().st_uid == os.geteuid()
                and is_orphan(marks[0][len(_MARK) :].decode("utf-8", "replace"))
            ):
                found.append(pid)
    return found


def resource_limits(limits: Limits, processes: bool) -> list[str]:
    """`prlimit` options: what holds each process by itself."""
    size = limits.disk_mb * MB
    options = ["--core=0", f"--fsize={size}", "--nofile=4096"]
    if processes:
        options += [f"--nproc={limits.pids}", f"--data={4 * limits.memory_mb * MB}"]
    return options


def _everybody() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  a third of the cost


class _Share(NamedTuple):
    own: int = 0
    shared: int = 0


class _Look(NamedTuple):
    pid: int
    memory: int = 0
    tasks: int = 0
    ticks: int = 0


def _look(pid: int) -> _Look:
    """One process now: its memory with the tables for it, threads, processor ticks with those of reaped children."""
    with contextlib.suppress(OSError, IndexError):  # it ended meanwhile
        status = _sizes(f"/proc/{pid}/status")
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        memory = sum(status.get(name, 0) for name in ("RssAnon", "RssShmem", "VmPTE"))
        return _Look(pid, memory, int(fields[17]), sum(map(int, fields[11:15])))
    return _Look(pid)


def _share(pid: int) -> _Share:
    """Its proportional share of private memory (tables included) and of shared, in bytes."""
    with contextlib.suppress(OSError):
        sizes, tables = _sizes(f"/proc/{pid}/smaps_rollup"), _sizes(f"/proc/{pid}/status").get("VmPTE", 0)
        return _Share(sizes.get("Pss_Anon", 0) + tables, sizes.get("Pss_Shmem", 0))
    return _Share()


def _sizes(path: str) -> dict[str, int]:
    """The lines `name: number kB` of a file, in bytes."""
    fields = (line.split() for line in Path(path).read_text().splitlines())
    return {field[0][:-1]: int(field[1]) * 1024 for field in fields if field[-1:] == ["kB"]}


def _used(handle: int) -> int:
    """What a temporary file system holds, its inodes included, in bytes."""
    info = os.fstatvfs(handle)
    return (info.f_blocks - info.f_bfree) * info.f_frsize + (info.f_files - info.f_ffree) * _INODE


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  asked of every process, often
    except OSError:
        return ""


def _zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True
