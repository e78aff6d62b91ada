"""Counts what sandboxes of this process have on the machine at one moment."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LABEL = "pelagos"
PATIENCE = 5.0


@dataclass(frozen=True)
class Traces:
    """`counts`: name -> number; none may be larger afterwards. The temporary folder has to be ours alone."""

    counts: dict[str, int]

    @classmethod
    def now(cls) -> Traces:
        containers = _count_containers()
        gc.collect()  # the docker package leaves its socket to it where no engine answers
        ours = f"-{os.getpid()}-"
        own_groups = {name for folder, groups, _ in os.walk("/sys/fs/cgroup") for name in groups if ours in name}
        leftovers = list(Path(tempfile.gettempdir()).iterdir())
        counts = {
            "processes": sum(1 for _ in _find_descendants()),
            "threads": _count_entries("/proc/self/task"),
            "open files": _count_entries("/proc/self/fd") - 1,
            "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
            "control groups": len(own_groups),
            "temporary folders": len(leftovers),
            "bytes of disk": sum(map(_measure_size, leftovers)),
        }
        return cls(counts if containers is None else counts | {"containers": containers})

    @classmethod
    def settled(cls, before: Traces) -> Traces:
        """Return the traces as soon as they are no more than before, or after `PATIENCE` seconds: killed processes need a
        moment to end."""
        end = time.monotonic() + PATIENCE
        while (now := cls.now()).growth(before) and time.monotonic() < end:
            time.sleep(0.1)
        return now

    def growth(self, before: Traces) -> list[str]:
        return [name for name, count in self.counts.items() if count > before.counts.get(name, 0)]


def _find_descendants() -> Iterator[int]:
    """Yield the ids of all processes below this one, zombies included."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    for pid in parents:
        ancestor = pid
        while (ancestor := parents.get(ancestor, 0)) > 1:
            if ancestor == os.getpid():
                yield pid
                break


def _count_entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _measure_size(path: Path) -> int:
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.lstat().st_blocks * 512 for file in files)


def _count_containers() -> int | None:
    """Return the number of containers with Pelagos' label, in any state; None if no engine answers."""
    try:
        import docker
        from docker.errors import DockerException
    except ImportError:
        return None
    try:
        client = docker.from_env(timeout=10)
    except DockerException:
        return None
    try:
        return sum(
            any(name.startswith(LABEL) for name in container.labels) for container in client.containers.list(all=True)
        )
    finally:
        client.close()
