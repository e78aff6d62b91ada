"""Creates control groups, version 1 and 2, below our own group: limits and counters for the whole tree.

No service manager is involved, and no group of others is touched. Version 2 refuses controllers in a group that has
processes of its own, so there the nearest ancestor that can have limited children is used.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from pelagos.errors import MissingPart, SandboxError
from sandbox.host.owner import is_orphan, new_label
from sandbox.limits.cgroup_reader import (
    CONTROLLERS,
    CgroupsV1,
    CgroupsV2,
    kill_all,
    mount_points,
    read_fields,
    v1_folders,
    v2_folders,
)
from sandbox.limits.meter import MB, Counters
from sandbox.protocol import Limits

_CPU_PERIOD_US = 100_000
_REMOVE_LIMIT_S = 5.0


class _Groups:
    """What both hierarchies do alike."""

    counts = True
    _groups: CgroupsV1 | CgroupsV2

    def begin(self, pid: int, temporary: Sequence[int]) -> None:
        """Do nothing: the kernel knows the tree."""

    def sample(self) -> str:
        self._groups.sample()
        return ""

    def kill(self) -> None:
        self._groups.kill()


class CgroupV1(_Groups):
    """Satisfies Meter with one group per hierarchy."""

    label = CgroupsV1.label

    def __init__(self, limits: Limits, folders: dict[str, Path]) -> None:
        name = new_label()
        self._folders = {controller: folder / name for controller, folder in folders.items()}
        self._groups = groups = CgroupsV1(self._folders)
        _make_all(set(self._folders.values()))
        size = limits.memory_mb * MB
        self._write("memory", "memory.limit_in_bytes", size)
        if (self._folders["memory"] / "memory.memsw.limit_in_bytes").exists():
            self._write("memory", "memory.memsw.limit_in_bytes", size)
        groups.limit_socket_memory(size)
        self._write("pids", "pids.max", limits.pids)
        self._write("cpu", "cpu.cfs_period_us", _CPU_PERIOD_US)
        self._write("cpu", "cpu.cfs_quota_us", max(int(limits.cpus * _CPU_PERIOD_US), 1000))

    @property
    def procs_files(self) -> Sequence[Path]:
        return sorted({folder / "cgroup.procs" for folder in self._folders.values()})

    def close(self) -> Counters:
        counters = self._groups.counters()
        for folder in set(self._folders.values()):
            _remove(folder)
        return counters

    def _write(self, controller: str, file: str, value: int) -> None:
        _write_value(self._folders[controller] / file, value)


class CgroupV2(_Groups):
    """Satisfies Meter with one group in the unified hierarchy."""

    label = CgroupsV2.label

    def __init__(self, limits: Limits, folder: Path) -> None:
        self._folder = folder / new_label()
        self._groups = CgroupsV2(self._folder)
        self._folder.mkdir()
        _write_value(self._folder / "memory.max", limits.memory_mb * MB)
        if (self._folder / "memory.swap.max").exists():
            _write_value(self._folder / "memory.swap.max", 0)
        _write_value(self._folder / "pids.max", limits.pids)
        _write_value(self._folder / "cpu.max", f"{max(int(limits.cpus * _CPU_PERIOD_US), 1000)} {_CPU_PERIOD_US}")

    @property
    def procs_files(self) -> Sequence[Path]:
        return [self._folder / "cgroup.procs"]

    def close(self) -> Counters:
        counters = self._groups.counters()
        _remove(self._folder)
        return counters


def open_cgroup(limits: Limits) -> CgroupV1 | CgroupV2:
    """Create a group with these limits. Raises MissingPart where this process can't create one."""
    try:
        folders = v1_folders(_own_cgroup_lines())
        if all(name in folders for name in CONTROLLERS):
            return CgroupV1(limits, folders)
        folder = _usable_v2_folder()
        if folder is not None:
            return CgroupV2(limits, folder)
    except OSError as error:
        raise MissingPart(f"control groups: {error.filename or ''} {error.strerror}") from None
    raise MissingPart("control groups: no memory, pids and cpu controller that this process may use")


def cgroup_limits() -> tuple[int | None, float | None]:
    """Return the memory (bytes) and processors that the control groups around this process allow; None: no limit."""
    memory, cpus = [], []
    with contextlib.suppress(OSError, ValueError):  # no control groups here, or none that say so
        folders = v1_folders(_own_cgroup_lines())
        if "memory" in folders:
            memory.append(read_fields(folders["memory"] / "memory.stat")["hierarchical_memory_limit"])
        if "cpu" in folders:
            cpus.append(
                _parse_quota((folders["cpu"] / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            )
        for group in _own_v2_folders():
            if (group / "memory.max").exists():
                memory.append(_parse_limit((group / "memory.max").read_text()))
            if (group / "cpu.max").exists():
                cpus.append(_parse_quota((group / "cpu.max").read_text().split()))
    return min(filter(None, memory), default=None), min(filter(None, cpus), default=None)


def memory_left() -> int | None:
    """Return the bytes of memory left in the control groups around this process; file caches that can be dropped count
    as left. None: no limit."""
    left = []
    with contextlib.suppress(OSError, ValueError, KeyError):  # no control groups here, or none that say so
        folders = v1_folders(_own_cgroup_lines())
        for group in _with_ancestors(folders["memory"], mount_points(1)) if "memory" in folders else ():
            left.append(_memory_left_in(group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))
        for group in _own_v2_folders():
            if (group / "memory.max").exists():
                left.append(_memory_left_in(group, "memory.max", "memory.current", "inactive_file"))
    return min((amount for amount in left if amount is not None), default=None)


def _memory_left_in(group: Path, limit: str, usage: str, cache: str) -> int | None:
    maximum = _parse_limit((group / limit).read_text())
    if not maximum:
        return None
    used = int((group / usage).read_text()) - read_fields(group / "memory.stat").get(cache, 0)
    return max(maximum - max(used, 0), 0)


def _parse_limit(text: str) -> int:
    """Parse a number; 0 for `max`."""
    return 0 if text.strip() == "max" else int(text)


def _parse_quota(pair: Iterable[str]) -> float:
    """Return the processors that a quota and its period allow; 0 where there is no quota."""
    quota, period = map(_parse_limit, pair)
    return max(quota, 0) / period


def reap() -> list[str]:
    """Remove groups whose owner no longer exists, and kill what still runs in them. Return their names.

    All hierarchies are searched: the owner may have been in another session's group. Groups of other users are left to
    them.
    """
    groups = (Path(parent) / name for point in mount_points() for parent, names, _ in os.walk(point) for name in names)
    orphans = [group for group in groups if is_orphan(group.name) and _is_ours(group)]
    for group in orphans:
        kill_all(group)
        _remove(group)
    return sorted({group.name for group in orphans})


def _is_ours(group: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return group.stat().st_uid == os.geteuid()
    return False


def _own_cgroup_lines() -> list[str]:
    return Path("/proc/self/cgroup").read_text().splitlines()


def _own_v2_folders() -> Iterable[Path]:
    """Yield our own group in the unified hierarchy and its ancestors, nearest first."""
    for folder in v2_folders(_own_cgroup_lines()):
        yield from _with_ancestors(folder, mount_points(2))


def _with_ancestors(folder: Path, mounts: set[Path]) -> Iterable[Path]:
    """Yield a group and its ancestors within the mounted hierarchies."""
    yield folder
    yield from (above for above in folder.parents if above in mounts or mounts & set(above.parents))


def _usable_v2_folder() -> Path | None:
    for folder in _own_v2_folders():
        control = folder / "cgroup.subtree_control"
        with contextlib.suppress(OSError):  # busy, or of another user: try the parent
            if not set(CONTROLLERS) <= set(control.read_text().split()):
                control.write_text(" ".join(f"+{name}" for name in CONTROLLERS))
            if os.access(folder, os.W_OK):
                return folder
    return None


def _write_value(file: Path, value: int | str) -> None:
    try:
        file.write_text(str(value))
    except OSError as error:
        raise SandboxError(f"{file}: can't be set to {value}: {error.strerror}") from error


def _make_all(groups: set[Path]) -> None:
    """Create all groups or none."""
    created: list[Path] = []
    try:
        for group in sorted(groups):
            group.mkdir()
            created.append(group)
    except OSError:
        for group in created:
            group.rmdir()
        raise


def _remove(group: Path) -> None:
    end = time.monotonic() + _REMOVE_LIMIT_S
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
