"""Enforces limits without control groups: the tree is sampled from outside, and every process has resource limits of
its own.

Memory is checked at each sample (20 ms) and, between samples, bounded by a limit on each process's data of four times
the allowance; tasks are bounded by the limit per user id, processors by what the whole tree may use until its time
limit. The `unsafe` backend sets neither of the two limits on processes: there tasks are not bounded. A tree is
everything in the first process's pid namespace, or everything with the run's label in its environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sandbox.host.owner import is_orphan
from sandbox.limits.meter import MB, Counters
from sandbox.protocol import Limits

LABEL_VARIABLE = "PELAGOS_BOX"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LABEL_PREFIX = f"{LABEL_VARIABLE}=".encode()
_KILL_LIMIT_S = 5.0
_INODE_BYTES = 1024


class SamplingMeter:
    """Satisfies Meter. `members` makes, from the pid of the first process, the function that says whether a pid of the
    host belongs to the tree."""

    label, counts = "rlimit", False
    procs_files: Sequence[Path] = ()

    def __init__(self, limits: Limits, members: Callable[[int], Callable[[int], bool]]) -> None:
        self._limits, self._members = limits, members
        self._member: Callable[[int], bool] = lambda pid: False
        self._temporary: Sequence[int] = ()
        # Nothing throttles here, so the total is limited instead, with a margin, since threads of libraries overlap.
        self._most_ticks = _TICKS_PER_S * (1 + 1.25 * limits.cpus * limits.seconds)
        self._peak = self._most_tasks = self._kills = self._ticks = 0

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        self._member, self._temporary = self._members(pid), temporary

    def sample(self) -> str:
        temporary = sum(_used_bytes(handle) for handle in self._temporary)
        tree = [_sample_process(pid) for pid in self._tree()]
        used = temporary + sum(process.memory for process in tree)
        if used > self._limits.memory_mb * MB:  # forks share pages and map temporary files: count proportionally
            shares = [_memory_share(process.pid) for process in tree]
            used = max(temporary, sum(share.shared for share in shares)) + sum(share.own for share in shares)
        self._peak = max(self._peak, used)
        self._most_tasks = max(self._most_tasks, sum(process.tasks for process in tree))
        self._ticks = max(self._ticks, sum(process.ticks for process in tree))
        if used > self._limits.memory_mb * MB:
            self._kills = 1
            return "oom"
        return "cpu" if self._ticks > self._most_ticks else ""

    def kill(self) -> None:
        end = time.monotonic() + _KILL_LIMIT_S
        while (pids := list(self._tree())) and time.monotonic() < end:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)

    def close(self) -> Counters:
        crowded = self._most_tasks >= self._limits.pids - 2
        return Counters(self._peak, self._ticks / _TICKS_PER_S, self._kills, int(crowded))

    def _tree(self) -> Iterable[int]:
        return (pid for pid in _all_pids() if self._member(pid))


def in_pid_namespace_of(first: int) -> Callable[[int], bool]:
    """Return a function that says whether a pid is in the pid namespace of `first`."""
    namespace = _read_link(f"/proc/{first}/ns/pid")

    def member(pid: int) -> bool:
        return bool(namespace) and _read_link(f"/proc/{pid}/ns/pid") == namespace and not _is_zombie(pid)

    return member


def with_label(label: str) -> Callable[[int], Callable[[int], bool]]:
    """Return a function that says whether a process was started with `PELAGOS_BOX=label` and has not hidden it."""
    variable = f"{LABEL_VARIABLE}={label}\0".encode()

    def member(pid: int) -> bool:
        with contextlib.suppress(OSError):
            return not _is_zombie(pid) and variable in Path(f"/proc/{pid}/environ").read_bytes()
        return False

    return lambda first: member


def orphan_pids() -> list[int]:
    """Return our user's processes with the label of an owner that no longer exists."""
    orphans = []
    for pid in _all_pids():
        with contextlib.suppress(OSError):
            process = Path(f"/proc/{pid}")
            labels = [
                item for item in (process / "environ").read_bytes().split(b"\0") if item.startswith(_LABEL_PREFIX)
            ]
            if (
                labels
                and process.stat().st_uid == os.geteuid()
                and is_orphan(labels[0][len(_LABEL_PREFIX) :].decode("utf-8", "replace"))
            ):
                orphans.append(pid)
    return orphans


def resource_limits(limits: Limits, processes: bool) -> list[str]:
    """Return `prlimit` options that limit each process by itself; `processes`: its tasks and data as well."""
    size = limits.disk_mb * MB
    options = ["--core=0", f"--fsize={size}", "--nofile=4096"]
    if processes:
        options += [f"--nproc={limits.pids}", f"--data={4 * limits.memory_mb * MB}"]
    return options


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  a third of the cost


class _MemoryShare(NamedTuple):
    own: int = 0
    shared: int = 0


class _ProcessSample(NamedTuple):
    pid: int
    memory: int = 0
    tasks: int = 0
    ticks: int = 0


def _sample_process(pid: int) -> _ProcessSample:
    """Sample one process: memory with its page tables, threads, processor ticks including reaped children."""
    with contextlib.suppress(OSError, IndexError):  # the process ended meanwhile
        status = _read_sizes(f"/proc/{pid}/status")
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        memory = sum(status.get(name, 0) for name in ("RssAnon", "RssShmem", "VmPTE"))
        return _ProcessSample(pid, memory, int(fields[17]), sum(map(int, fields[11:15])))
    return _ProcessSample(pid)


def _memory_share(pid: int) -> _MemoryShare:
    """Return its proportional share of private memory (page tables included) and of shared memory, in bytes."""
    with contextlib.suppress(OSError):
        sizes, tables = _read_sizes(f"/proc/{pid}/smaps_rollup"), _read_sizes(f"/proc/{pid}/status").get("VmPTE", 0)
        return _MemoryShare(sizes.get("Pss_Anon", 0) + tables, sizes.get("Pss_Shmem", 0))
    return _MemoryShare()


def _read_sizes(path: str) -> dict[str, int]:
    """Return the lines `name: number kB` of a file, in bytes."""
    fields = (line.split() for line in Path(path).read_text().splitlines())
    return {field[0][:-1]: int(field[1]) * 1024 for field in fields if field[-1:] == ["kB"]}


def _used_bytes(handle: int) -> int:
    """Return the bytes that a temporary file system holds, its inodes included."""
    status = os.fstatvfs(handle)
    return (status.f_blocks - status.f_bfree) * status.f_frsize + (status.f_files - status.f_ffree) * _INODE_BYTES


def _read_link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  asked of every process, often
    except OSError:
        return ""


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True
