"""Control groups, version 1 and 2, made by hand below our own group: limits and counters for the whole tree.

Nothing is delegated by a service manager here and nobody else's group is touched. Version 2 refuses controllers
in a group that has processes of its own, so there the nearest ancestor that can have limited children is taken.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from pelagos.errors import MissingPart, SandboxError
from sandbox.groups import NEEDED, GroupsV1, GroupsV2, fields, kill_all, points, v1_homes, v2_homes
from sandbox.meter import MB, Counters
from sandbox.owner import is_orphan, new_label
from sandbox.protocol import Limits

_PERIOD = 100_000
_PATIENCE = 5.0


class CgroupV1:
    """One group per hierarchy."""

    label, counts = GroupsV1.label, True

    def __init__(self, limits: Limits, homes: dict[str, Path]) -> None:
        name = new_label()
        self._folders = {controller: home / name for controller, home in homes.items()}
        self._groups = GroupsV1(self._folders)
        _make(set(self._folders.values()))
        size = limits.memory_mb * MB
        self._write("memory", "memory.limit_in_bytes", size)
        if (self._folders["memory"] / "memory.memsw.limit_in_bytes").exists():
            self._write("memory", "memory.memsw.limit_in_bytes", size)
        self._groups.hold_sockets(size)
        self._write("pids", "pids.max", limits.pids)
        self._write("cpu", "cpu.cfs_period_us", _PERIOD)
        self._write("cpu", "cpu.cfs_quota_us", max(int(limits.cpus * _PERIOD), 1000))

    @property
    def doors(self) -> Sequence[Path]:
        return sorted({folder / "cgroup.procs" for folder in self._folders.values()})

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """Nothing to do: the kernel knows the tree."""

    def sample(self) -> str:
        self._groups.sample()
        return ""

    def kill(self) -> None:
        self._groups.kill()

    def close(self) -> Counters:
        counters = self._groups.counters()
        for folder in set(self._folders.values()):
            _remove(folder)
        return counters

    def _write(self, controller: str, file: str, value: int) -> None:
        _write(self._folders[controller] / file, value)


class CgroupV2:
    """One group in the unified hierarchy."""

    label, counts = GroupsV2.label, True

    def __init__(self, limits: Limits, home: Path) -> None:
        self._folder = home / new_label()
        self._groups = GroupsV2(self._folder)
        self._folder.mkdir()
        _write(self._folder / "memory.max", limits.memory_mb * MB)
        if (self._folder / "memory.swap.max").exists():
            _write(self._folder / "memory.swap.max", 0)
        _write(self._folder / "pids.max", limits.pids)
        _write(self._folder / "cpu.max", f"{max(int(limits.cpus * _PERIOD), 1000)} {_PERIOD}")

    @property
    def doors(self) -> Sequence[Path]:
        return [self._folder / "cgroup.procs"]

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """Nothing to do: the kernel knows the tree."""

    def sample(self) -> str:
        self._groups.sample()
        return ""

    def kill(self) -> None:
        self._groups.kill()

    def close(self) -> Counters:
        counters = self._groups.counters()
        _remove(self._folder)
        return counters


def open_cgroup(limits: Limits) -> CgroupV1 | CgroupV2:
    """A fresh group with these limits. Raises MissingPart if this process can't make one."""
    try:
        homes = v1_homes(_own_groups())
        if all(name in homes for name in NEEDED):
            return CgroupV1(limits, homes)
        home = _v2_home()
        if home is not None:
            return CgroupV2(limits, home)
    except OSError as error:
        raise MissingPart(f"control groups: {error.filename or ''} {error.strerror}") from None
    raise MissingPart("control groups: no memory, pids and cpu controller that this process may use")


def allowance() -> tuple[int | None, float | None]:
    """Bytes of memory and processors that the control groups around this process leave it; None: no limit."""
    memory, cpus = [], []
    with contextlib.suppress(OSError, ValueError):  # no control groups here, or none that say so
        homes = v1_homes(_own_groups())
        if "memory" in homes:
            memory.append(fields(homes["memory"] / "memory.stat")["hierarchical_memory_limit"])
        if "cpu" in homes:
            cpus.append(_quota((homes["cpu"] / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")))
        for place in _v2_places():
            if (place / "memory.max").exists():
                memory.append(_number((place / "memory.max").read_text()))
            if (place / "cpu.max").exists():
                cpus.append(_quota((place / "cpu.max").read_text().split()))
    return min((one for one in memory if one), default=None), min((one for one in cpus if one), default=None)


def unused() -> int | None:
    """Bytes of memory that the control groups around this process have left, file caches that can be dropped counted
    as left; None: no limit."""
    left = []
    with contextlib.suppress(OSError, ValueError, KeyError):  # no control groups here, or none that say so
        homes = v1_homes(_own_groups())
        for place in _up(homes["memory"], points(1)) if "memory" in homes else ():
            left.append(_left(place, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))
        for place in _v2_places():
            if (place / "memory.max").exists():
                left.append(_left(place, "memory.max", "memory.current", "inactive_file"))
    return min((one for one in left if one is not None), default=None)


def _left(group: Path, limit: str, usage: str, cache: str) -> int | None:
    most = _number((group / limit).read_text())
    if not most:
        return None
    used = int((group / usage).read_text()) - fields(group / "memory.stat").get(cache, 0)
    return max(most - max(used, 0), 0)


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
    places = (Path(place) / name for point in points() for place, names, _ in os.walk(point) for name in names)
    gone = [group for group in places if is_orphan(group.name) and _is_ours(group)]
    for group in gone:
        kill_all(group)
        _remove(group)
    return sorted({group.name for group in gone})


def _is_ours(group: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return group.stat().st_uid == os.geteuid()
    return False


def _own_groups() -> list[str]:
    return Path("/proc/self/cgroup").read_text().splitlines()


def _v2_places() -> Iterable[Path]:
    """Our own group in the unified hierarchy and its ancestors, nearest first."""
    for home in v2_homes(_own_groups()):
        yield from _up(home, points(2))


def _up(home: Path, mounted: set[Path]) -> Iterable[Path]:
    """A group and its ancestors within the mounted hierarchies."""
    yield home
    yield from (above for above in home.parents if above in mounted or mounted & set(above.parents))


def _v2_home() -> Path | None:
    for home in _v2_places():
        control = home / "cgroup.subtree_control"
        with contextlib.suppress(OSError):  # busy or not ours: the next one up
            if not set(NEEDED) <= set(control.read_text().split()):
                control.write_text(" ".join(f"+{name}" for name in NEEDED))
            if os.access(home, os.W_OK):
                return home
    return None


def _write(file: Path, value: int | str) -> None:
    try:
        file.write_text(str(value))
    except OSError as error:
        raise SandboxError(f"{file}: can't be set to {value}: {error.strerror}") from error


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
