"""What sandboxes of this process have on the machine at one moment."""

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
    """`counts`: what -> how many. None of it may be more afterwards. The temporary folder has to be ours alone."""

    counts: dict[str, int]

    @classmethod
    def now(cls) -> Traces:
        containers = _containers()
        gc.collect()  # the docker package leaves its socket to it where no engine answers
        ours = f"-{os.getpid()}-"
        places = {name for place, names, _ in os.walk("/sys/fs/cgroup") for name in names if ours in name}
        left = list(Path(tempfile.gettempdir()).iterdir())
        counts = {
            "processes": sum(1 for _ in _descendants()),
            "threads": _entries("/proc/self/task"),
            "open files": _entries("/proc/self/fd") - 1,
            "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
            "control groups": len(places),
            "temporary folders": len(left),
            "bytes of disk": sum(map(_size, left)),
        }
        return cls(counts if containers is None else counts | {"containers": containers})

    @classmethod
    def settled(cls, before: Traces) -> Traces:
        """Now, or as soon as it's no more than before: what was killed is given a moment to be gone."""
        end = time.monotonic() + PATIENCE
        while (now := cls.now()).growth(before) and time.monotonic() < end:
            time.sleep(0.1)
        return now

    def growth(self, before: Traces) -> list[str]:
        return [what for what, there in self.counts.items() if there > before.counts.get(what, 0)]


def _descendants() -> Iterator[int]:
    """Every process below this one, zombies too."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    for pid in parents:
        above = pid
        while (above := parents.get(above, 0)) > 1:
            if above == os.getpid():
                yield pid
                break


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _size(path: Path) -> int:
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.lstat().st_blocks * 512 for file in files)


def _containers() -> int | None:
    """Containers with Pelagos' label in any state; None where no engine answers."""
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
        return sum(any(name.startswith(LABEL) for name in one.labels) for one in client.containers.list(all=True))
    finally:
        client.close()
