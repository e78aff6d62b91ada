"""Reads control groups, version 1 and 2: what the kernel counted for a whole tree, whoever created its group.

sandbox/limits/cgroup.py creates groups and reads them here; sandbox/backends/docker/container_meter.py reads those
that a container engine created. Memory is anonymous plus temporary-file memory, not page cache.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from sandbox.limits.meter import MB, Counters

CONTROLLERS = ("memory", "pids", "cpu")
_KILL_LIMIT_S = 5.0
_SOCKET_MEMORY_DIVISOR, _MIN_SOCKET_MEMORY = 10, 1 << 20


class Cgroups(Protocol):
    """The groups of one tree. Call `sample` while it runs, and `counters` before the groups are removed."""

    @property
    def label(self) -> str: ...

    def limit_socket_memory(self, memory: int) -> None:
        """Limit the buffers of network sockets, unless they are counted within `memory` bytes anyway."""
        ...

    def sample(self) -> int:
        """Return the current bytes."""
        ...

    def kill(self) -> None: ...

    def counters(self) -> Counters:
        """Return the counters. Peak memory is the largest sample, or the kernel's own value where the tree was killed
        for it."""
        ...


class CgroupsV1:
    """One group per hierarchy: controller -> folder."""

    label = "cgroup1"

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._peak = 0

    def limit_socket_memory(self, memory: int) -> None:
        """Version 1 has a separate counter for them, which counts only once it has a limit."""
        limit = self._folders["memory"] / "memory.kmem.tcp.limit_in_bytes"
        if limit.exists():
            limit.write_text(str(max(memory // _SOCKET_MEMORY_DIVISOR, _MIN_SOCKET_MEMORY)))

    def sample(self) -> int:
        counts = read_fields(self._folders["memory"] / "memory.stat")
        now = counts.get("rss", 0) + counts.get("shmem", 0)
        self._peak = max(self._peak, now)
        return now

    def kill(self) -> None:
        kill_all(self._folders["pids"])

    def counters(self) -> Counters:
        memory = self._folders["memory"]
        kills = read_fields(memory / "memory.oom_control").get("oom_kill", 0) if _reached_limit(memory) else 0
        task_refusals = read_fields(self._folders["pids"] / "pids.events").get("max", 0)
        if kills or not self._peak:  # killed between two samples, or it ended before the first
            self._peak = int((self._folders["memory"] / "memory.max_usage_in_bytes").read_text())
        group = self._folders.get("cpuacct")
        cpu = int((group / "cpuacct.usage").read_text()) / 1e9 if group else 0.0
        return Counters(self._peak, cpu, kills, task_refusals)


class CgroupsV2:
    """One group in the unified hierarchy."""

    label = "cgroup2"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._peak = 0

    def limit_socket_memory(self, memory: int) -> None:
        """Version 2 counts them as memory."""

    def sample(self) -> int:
        counts = read_fields(self._folder / "memory.stat")
        now = counts.get("anon", 0) + counts.get("shmem", 0)
        self._peak = max(self._peak, now)
        return now

    def kill(self) -> None:
        if (self._folder / "cgroup.kill").exists():
            (self._folder / "cgroup.kill").write_text("1")
        kill_all(self._folder)

    def counters(self) -> Counters:
        events = read_fields(self._folder / "memory.events")
        # Without an event at its own limit, it was killed because the machine, or a group above, ran out of memory.
        kills = events.get("oom_kill", 0) if events.get("oom", 1) or events.get("max") else 0
        task_refusals = read_fields(self._folder / "pids.events").get("max", 0)
        cpu = read_fields(self._folder / "cpu.stat").get("usage_usec", 0) / 1e6
        if kills and (self._folder / "memory.peak").exists():
            self._peak = int((self._folder / "memory.peak").read_text())
        return Counters(self._peak, cpu, kills, task_refusals)


def _reached_limit(group: Path) -> bool:
    """Whether a version-1 group ever reached its own limit (charges are made in batches of less than a MB); where it
    didn't, the machine ran out of memory."""
    limit = group / "memory.limit_in_bytes"
    peak = int((group / "memory.max_usage_in_bytes").read_text())
    return not limit.exists() or peak > int(limit.read_text()) - MB


def cgroups_of(pid: int) -> Cgroups | None:
    """Return the groups of a process, as far as this process can see them on the host; None where it can't."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    version_1 = {name: folder for name, folder in v1_folders(lines).items() if (folder / "cgroup.procs").exists()}
    if all(name in version_1 for name in CONTROLLERS):
        return CgroupsV1(version_1)
    for folder in v2_folders(lines):
        if (folder / "memory.stat").exists() and (folder / "pids.events").exists():
            return CgroupsV2(folder)
    return None


def v1_folders(lines: Iterable[str]) -> dict[str, Path]:
    """Return the folder per version-1 controller, as far as mounted; `lines` are those of a /proc/PID/cgroup."""
    folders: dict[str, Path] = {}
    own = {name: path for line in lines for names, path in [line.split(":", 2)[1:]] for name in names.split(",")}
    for point, root, kind, options in _mounts():
        for name in (*CONTROLLERS, "cpuacct"):
            if kind == "cgroup" and name in options and name in own:
                folders[name] = folder_under_mount(point, root, own[name])
    return folders


def v2_folders(lines: Iterable[str]) -> Iterable[Path]:
    """Return the folders in the unified hierarchy."""
    own = [line[3:] for line in lines if line.startswith("0::")]
    return (folder_under_mount(point, root, own[0]) for point, root, kind, _ in _mounts() if kind == "cgroup2" and own)


def mount_points(version: int | None = None) -> set[Path]:
    """Return where the hierarchies of a version are mounted; of both versions where none is given."""
    wanted = {1: "cgroup", 2: "cgroup2"}.get(version or 0)
    return {point for point, _, kind, _ in _mounts() if wanted in (None, kind)}


def folder_under_mount(point: Path, root: str, own: str) -> Path:
    """Return the folder of group `own` under a mount of `root` at `point`; the mount point where it is outside."""
    if ".." in own or not (own == root or own.startswith(root.rstrip("/") + "/")):
        return point
    return point / own[len(root.rstrip("/")) :].lstrip("/")


def read_fields(file: Path) -> dict[str, int]:
    """Return the name-number lines of one of the kernel's files."""
    pairs = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def kill_all(folder: Path) -> None:
    """Kill until no process is left: a fork bomb may be faster than one sweep."""
    end = time.monotonic() + _KILL_LIMIT_S
    while (pids := _pids(folder)) and time.monotonic() < end:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _pids(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []


def _mounts() -> Iterable[tuple[Path, str, str, set[str]]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            parts = left.split()
            yield Path(parts[4]), parts[3], kind, set(options.split(","))
