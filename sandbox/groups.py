"""Reading control groups, version 1 and 2: what the kernel counted for a whole tree, whoever made its group.

sandbox/cgroup.py makes groups of our own and reads them here; sandbox/container_meter.py reads those that a container
engine made. Memory is anonymous plus temporary-file memory, not page cache.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from sandbox.meter import MB, Counters

NEEDED = ("memory", "pids", "cpu")
_PATIENCE = 5.0
_SOCKETS_SHARE, _LEAST_SOCKETS = 10, 1 << 20


class Groups(Protocol):
    """The groups of one tree. `sample` is asked while it runs, `counters` before the groups are removed."""

    @property
    def label(self) -> str: ...

    def hold_sockets(self, memory: int) -> None:
        """Bound the buffers of network sockets, as far as they aren't counted within `memory` bytes anyway."""
        ...

    def sample(self) -> int:
        """Bytes now."""
        ...

    def kill(self) -> None: ...

    def counters(self) -> Counters:
        """Peak memory over the samples, or the kernel's own where the tree was killed for it."""
        ...


class GroupsV1:
    """One group per hierarchy: controller -> folder."""

    label = "cgroup1"

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._peak = 0

    def hold_sockets(self, memory: int) -> None:
        """Version 1 has a counter of its own for them, which stands still until it is given a limit."""
        limit = self._folders["memory"] / "memory.kmem.tcp.limit_in_bytes"
        if limit.exists():
            limit.write_text(str(max(memory // _SOCKETS_SHARE, _LEAST_SOCKETS)))

    def sample(self) -> int:
        counts = fields(self._folders["memory"] / "memory.stat")
        now = counts.get("rss", 0) + counts.get("shmem", 0)
        self._peak = max(self._peak, now)
        return now

    def kill(self) -> None:
        kill_all(self._folders["pids"])

    def counters(self) -> Counters:
        memory = self._folders["memory"]
        kills = fields(memory / "memory.oom_control").get("oom_kill", 0) if _full(memory) else 0
        refusals = fields(self._folders["pids"] / "pids.events").get("max", 0)
        if kills or not self._peak:  # killed between two samples, or too short for one
            self._peak = int((self._folders["memory"] / "memory.max_usage_in_bytes").read_text())
        group = self._folders.get("cpuacct")
        cpu = int((group / "cpuacct.usage").read_text()) / 1e9 if group else 0.0
        return Counters(self._peak, cpu, kills, refusals)


class GroupsV2:
    """One group in the unified hierarchy."""

    label = "cgroup2"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._peak = 0

    def hold_sockets(self, memory: int) -> None:
        """They are counted as memory here."""

    def sample(self) -> int:
        counts = fields(self._folder / "memory.stat")
        now = counts.get("anon", 0) + counts.get("shmem", 0)
        self._peak = max(self._peak, now)
        return now

    def kill(self) -> None:
        if (self._folder / "cgroup.kill").exists():
            (self._folder / "cgroup.kill").write_text("1")
        kill_all(self._folder)

    def counters(self) -> Counters:
        events = fields(self._folder / "memory.events")
        # Where it never came to its own limit, it was killed because the machine, or a group above, ran out of memory.
        kills = events.get("oom_kill", 0) if events.get("oom", 1) or events.get("max") else 0
        refusals = fields(self._folder / "pids.events").get("max", 0)
        cpu = fields(self._folder / "cpu.stat").get("usage_usec", 0) / 1e6
        if kills and (self._folder / "memory.peak").exists():
            self._peak = int((self._folder / "memory.peak").read_text())
        return Counters(self._peak, cpu, kills, refusals)


def _full(group: Path) -> bool:
    """Whether a version-1 group ever came to its own limit (charges are made in batches of less than a MB); where it
    didn't, the machine ran out of memory."""
    limit = group / "memory.limit_in_bytes"
    most = int((group / "memory.max_usage_in_bytes").read_text())
    return not limit.exists() or most > int(limit.read_text()) - MB


def groups_of(pid: int) -> Groups | None:
    """The groups that process is in, as far as this process can see them on the host; none if it can't."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    first = {name: home for name, home in v1_homes(lines).items() if (home / "cgroup.procs").exists()}
    if all(name in first for name in NEEDED):
        return GroupsV1(first)
    for home in v2_homes(lines):
        if (home / "memory.stat").exists() and (home / "pids.events").exists():
            return GroupsV2(home)
    return None


def v1_homes(lines: Iterable[str]) -> dict[str, Path]:
    """The folder per version-1 controller, as far as mounted; `lines` are those of a /proc/PID/cgroup."""
    homes: dict[str, Path] = {}
    own = {name: path for line in lines for names, path in [line.split(":", 2)[1:]] for name in names.split(",")}
    for point, root, kind, options in _mounts():
        for name in (*NEEDED, "cpuacct"):
            if kind == "cgroup" and name in options and name in own:
                homes[name] = below(point, root, own[name])
    return homes


def v2_homes(lines: Iterable[str]) -> Iterable[Path]:
    """The folder in the unified hierarchy."""
    own = [line[3:] for line in lines if line.startswith("0::")]
    return (below(point, root, own[0]) for point, root, kind, _ in _mounts() if kind == "cgroup2" and own)


def points(version: int | None = None) -> set[Path]:
    """Where the hierarchies of that version are mounted; of both, without one."""
    wanted = {1: "cgroup", 2: "cgroup2"}.get(version or 0)
    return {point for point, _, kind, _ in _mounts() if wanted in (None, kind)}


def below(point: Path, root: str, own: str) -> Path:
    """Where group `own` lies under a mount of `root` at `point`; the mount point if it lies outside."""
    if ".." in own or not (own == root or own.startswith(root.rstrip("/") + "/")):
        return point
    return point / own[len(root.rstrip("/")) :].lstrip("/")


def fields(file: Path) -> dict[str, int]:
    """The name-number lines of one of the kernel's files."""
    pairs = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def kill_all(folder: Path) -> None:
    """Kill until nobody is left: a fork bomb may be a step ahead of one sweep."""
    end = time.monotonic() + _PATIENCE
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
