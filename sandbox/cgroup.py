"""Control groups, version 1 and 2, made by hand below our own group: limits and counters for the whole tree.

Nothing is delegated by a service manager here and nobody else's group is touched. Version 2 refuses controllers
in a group that has processes of its own, so there the nearest ancestor that can have limited children is taken.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from pelagos.errors import MissingPart, SandboxError
from sandbox.meter import MB, Counters
from sandbox.owner import is_orphan, new_label
from sandbox.protocol import Limits

NEEDED = ("memory", "pids", "cpu")
_PERIOD = 100_000
_PATIENCE = 5.0


class CgroupV1:
    """One group per hierarchy."""

    label, counts = "cgroup1", True

    def __init__(self, limits: Limits, homes: dict[str, Path]) -> None:
        name = new_label()
        self._groups = {controller: home / name for controller, home in homes.items()}
        self._peak = 0
        _make(set(self._groups.values()))
        size = limits.memory_mb * MB
        self._write("memory", "memory.limit_in_bytes", size)
        if (self._groups["memory"] / "memory.memsw.limit_in_bytes").exists():
            self._write("memory", "memory.memsw.limit_in_bytes", size)
        self._write("pids", "pids.max", limits.pids)
        self._write("cpu", "cpu.cfs_period_us", _PERIOD)
        self._write("cpu", "cpu.cfs_quota_us", max(int(limits.cpus * _PERIOD), 1000))

    @property
    def doors(self) -> Sequence[Path]:
        return sorted({group / "cgroup.procs" for group in self._groups.values()})

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """Nothing to do: the kernel knows the tree."""

    def sample(self) -> str:
        counts = _fields(self._groups["memory"] / "memory.stat")
        self._peak = max(self._peak, counts.get("rss", 0) + counts.get("shmem", 0))
        return ""

    def kill(self) -> None:
        _kill_all(self._groups["pids"])

    def close(self) -> Counters:
        kills = _fields(self._groups["memory"] / "memory.oom_control").get("oom_kill", 0)
        refusals = _fields(self._groups["pids"] / "pids.events").get("max", 0)
        if kills or not self._peak:  # killed between two samples, or too short for one
            self._peak = int((self._groups["memory"] / "memory.max_usage_in_bytes").read_text())
        cpu = self._cpu_seconds()
        for group in set(self._groups.values()):
            _remove(group)
        return Counters(self._peak, cpu, kills, refusals)

    def _cpu_seconds(self) -> float:
        group = self._groups.get("cpuacct")
        return int((group / "cpuacct.usage").read_text()) / 1e9 if group else 0.0

    def _write(self, controller: str, file: str, value: int) -> None:
        _write(self._groups[controller] / file, value)


class CgroupV2:
    """One group in the unified hierarchy."""

    label, counts = "cgroup2", True

    def __init__(self, limits: Limits, home: Path) -> None:
        self._group = home / new_label()
        self._peak = 0
        self._group.mkdir()
        _write(self._group / "memory.max", limits.memory_mb * MB)
        if (self._group / "memory.swap.max").exists():
            _write(self._group / "memory.swap.max", 0)
        _write(self._group / "pids.max", limits.pids)
        _write(self._group / "cpu.max", f"{max(int(limits.cpus * _PERIOD), 1000)} {_PERIOD}")

    @property
    def doors(self) -> Sequence[Path]:
        return [self._group / "cgroup.procs"]

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """Nothing to do: the kernel knows the tree."""

    def sample(self) -> str:
        counts = _fields(self._group / "memory.stat")
        self._peak = max(self._peak, counts.get("anon", 0) + counts.get("shmem", 0))
        return ""

    def kill(self) -> None:
        if (self._group / "cgroup.kill").exists():
            _write(self._group / "cgroup.kill", 1)
        _kill_all(self._group)

    def close(self) -> Counters:
        kills = _fields(self._group / "memory.events").get("oom_kill", 0)
        refusals = _fields(self._group / "pids.events").get("max", 0)
        cpu = _fields(self._group / "cpu.stat").get("usage_usec", 0) / 1e6
        if kills and (self._group / "memory.peak").exists():
            self._peak = int((self._group / "memory.peak").read_text())
        _remove(self._group)
        return Counters(self._peak, cpu, kills, refusals)


def open_cgroup(limits: Limits) -> CgroupV1 | CgroupV2:
    """A fresh group with these limits. Raises MissingPart if this process can't make one."""
    try:
        if all(name in _v1_homes() for name in NEEDED):
            return CgroupV1(limits, _v1_homes())
        home = _v2_home()
        if home is not None:
            return CgroupV2(limits, home)
    except OSError as error:
        raise MissingPart(
            f"control groups: {error.filename or ''} {error.strerror}: run as root, or delegate"
        ) from None
    raise MissingPart("control groups: no memory, pids and cpu controller that this process may use")


def allowance() -> tuple[int | None, float | None]:
    """Bytes of memory and processors that the control groups around this process leave it; None: no limit."""
    memory, cpus = [], []
    with contextlib.suppress(OSError, ValueError):  # no control groups here, or none that say so
        homes = _v1_homes()
        if "memory" in homes:
            memory.append(_fields(homes["memory"] / "memory.stat")["hierarchical_memory_limit"])
        if "cpu" in homes:
            cpus.append(_quota((homes["cpu"] / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")))
        for place in _v2_places():
            if (place / "memory.max").exists():
                memory.append(_number((place / "memory.max").read_text()))
            if (place / "cpu.max").exists():
                cpus.append(_quota((place / "cpu.max").read_text().split()))
    return min((one for one in memory if one), default=None), min((one for one in cpus if one), default=None)


def _number(text: str) -> int:
    """0 for `max`."""
    return 0 if text.strip() == "max" else int(text)


def _quota(pair: Iterable[str]) -> float:
    """Processors that a quota and its period make; 0 where there is no quota."""
    quota, period = map(_number, pair)
    return max(quota, 0) / period


def reap() -> list[str]:
    """Remove groups whose owner is gone, killing what still runs in them. Returns their names.

    All hierarchies are looked through: who died may have lived in another session's group. What another user made
    is left to that user.
    """
    points = {point for point, _, _, _ in _mounts()}
    places = (Path(place) / name for point in points for place, names, _ in os.walk(point) for name in names)
    gone = [group for group in places if is_orphan(group.name) and _is_ours(group)]
    for group in gone:
        _kill_all(group)
        _remove(group)
    return sorted({group.name for group in gone})


def _is_ours(group: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return group.stat().st_uid == os.geteuid()
    return False


def _v1_homes() -> dict[str, Path]:
    """Our own group per version-1 controller, as far as mounted."""
    homes: dict[str, Path] = {}
    own = {
        name: path
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        for names, path in [line.split(":", 2)[1:]]
        for name in names.split(",")
    }
    for point, root, kind, options in _mounts():
        for name in (*NEEDED, "cpuacct"):
            if kind == "cgroup" and name in options and name in own:
                homes[name] = _below(point, root, own[name])
    return homes


def _v2_places() -> Iterable[Path]:
    """Our own group in the unified hierarchy and its ancestors, nearest first."""
    own = [line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
    for point, root, kind, _ in _mounts():
        if kind == "cgroup2" and own:
            home = _below(point, root, own[0])
            yield home
            yield from (above for above in home.parents if above == point or point in above.parents)


def _v2_home() -> Path | None:
    for home in _v2_places():
        control = home / "cgroup.subtree_control"
        with contextlib.suppress(OSError):  # busy or not ours: the next one up
            if not set(NEEDED) <= set(control.read_text().split()):
                control.write_text(" ".join(f"+{name}" for name in NEEDED))
            if os.access(home, os.W_OK):
                return home
    return None


def _mounts() -> Iterable[tuple[Path, str, str, set[str]]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            fields = left.split()
            yield Path(fields[4]), fields[3], kind, set(options.split(","))


def _below(point: Path, root: str, own: str) -> Path:
    """Where group `own` lies under a mount of `root` at `point`; the mount point if it lies outside."""
    if ".." in own or not (own == root or own.startswith(root.rstrip("/") + "/")):
        return point
    return point / own[len(root.rstrip("/")) :].lstrip("/")


def _fields(file: Path) -> dict[str, int]:
    pairs = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def _write(file: Path, value: int | str) -> None:
    try:
        file.write_text(str(value))
    except OSError as error:
        raise SandboxError(f"{file}: can't be set to {value}: {error.strerror}") from error


def _pids(group: Path) -> list[int]:
    with contextlib.suppress(FileNotFoundError):  # somebody else has removed it
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    return []


def _kill_all(group: Path) -> None:
    """Kill until nobody is left: a fork bomb may be a step ahead of one sweep."""
    end = time.monotonic() + _PATIENCE
    while (pids := _pids(group)) and time.monotonic() < end:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _make(groups: set[Path]) -> None:
    """All of them or none."""
    made: list[Path] = []
    try:
        for group in sorted(groups):
            group.mkdir()
            made.append(group)
    except OSError:
        for group in made:
            group.rmdir()
        raise


def _remove(group: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            group.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if time.monotonic() > end:
                raise SandboxError(f"{group}: can't be removed: {error.strerror}") from error
            time.sleep(0.002)
