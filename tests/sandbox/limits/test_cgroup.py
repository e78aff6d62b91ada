from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pelagos.errors import MissingPart
from sandbox.host.owner import is_orphan
from sandbox.limits import cgroup, cgroup_reader
from sandbox.limits.cgroup import CgroupV1, CgroupV2, open_cgroup, reap
from sandbox.protocol import Limits


@pytest.fixture
def group() -> CgroupV1 | CgroupV2:
    try:
        return open_cgroup(Limits(memory_mb=50, pids=10, cpus=0.5))
    except MissingPart as error:
        pytest.skip(str(error))


def enter(group: CgroupV1 | CgroupV2, code: str) -> subprocess.Popen[bytes]:
    doors = " ".join(f"echo $$ > {door};" for door in group.procs_files)
    return subprocess.Popen(["/bin/sh", "-c", f"{doors} exec {sys.executable} -c '{code}'"])


def test_it_counts_kills_and_leaves_nothing(group: CgroupV1 | CgroupV2) -> None:
    hog = enter(group, "block = bytearray(200_000_000)")
    assert hog.wait() == -9
    counters = group.close()
    assert counters.memory_kills >= 1
    assert 40e6 < counters.peak_memory <= 50e6
    assert counters.cpu_seconds > 0
    assert not any(door.parent.exists() for door in group.procs_files)


def test_the_buffers_of_sockets_are_bounded(group: CgroupV1 | CgroupV2) -> None:
    limit = group.procs_files[0].parent / "memory.kmem.tcp.limit_in_bytes"
    limits = [door.parent / limit.name for door in group.procs_files if (door.parent / limit.name).exists()]
    group.close() if not limits else None
    if not limits:
        pytest.skip("sockets are counted as memory here")
    assert 4_900_000 < int(limits[0].read_text()) <= 5_000_000
    group.close()


def test_killing_leaves_nobody(group: CgroupV1 | CgroupV2) -> None:
    forks = enter(group, "import os, time; [os.fork() for _ in range(3)]; time.sleep(300)")
    while len(group.procs_files[0].read_text().split()) < 8:
        time.sleep(0.01)
    group.kill()
    assert forks.wait() == -9
    group.close()


def test_groups_of_the_dead_are_reaped_with_what_runs_in_them(group: CgroupV1 | CgroupV2) -> None:
    group.close()
    code = "from sandbox.limits.cgroup import open_cgroup; from sandbox.protocol import Limits\n"
    code += "print(*open_cgroup(Limits()).procs_files)"
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    sleeper = subprocess.Popen(["sleep", "300"])
    for door in left:
        Path(door).write_text(str(sleeper.pid))
    alive = open_cgroup(Limits())
    names = reap()
    assert sleeper.wait() == -9
    assert {Path(door).parent.name for door in left} <= set(names)
    assert not any(Path(door).exists() for door in left)
    assert all(door.exists() for door in alive.procs_files) and not any(
        is_orphan(door.parent.name) for door in alive.procs_files
    )
    alive.close()


def test_version_2_files_are_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's side is played by plain files: version 2's controllers are rarely free on a test machine."""
    group = CgroupV2(Limits(memory_mb=50, pids=10, cpus=0.5), tmp_path)
    folder = group.procs_files[0].parent
    assert (folder / "memory.max").read_text() == "50000000"
    assert (folder / "cpu.max").read_text() == "50000 100000"
    (folder / "memory.stat").write_text("anon 1000\nfile 5\nshmem 500\n")
    group.sample()
    (folder / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    (folder / "pids.events").write_text("max 3\n")
    (folder / "cpu.stat").write_text("usage_usec 1500000\n")
    monkeypatch.setattr(cgroup, "_remove", lambda group: None)
    counters = group.close()
    assert (counters.peak_memory, counters.cpu_seconds) == (1500, 1.5)
    assert (counters.memory_kills, counters.task_refusals) == (2, 3)


def test_paths_under_a_mount_are_found() -> None:
    point = Path("/sys/fs/cgroup/memory")
    assert cgroup_reader.folder_under_mount(point, "/", "/a/b") == point / "a/b"
    assert cgroup_reader.folder_under_mount(point, "/docker/x", "/docker/x/y") == point / "y"
    assert cgroup_reader.folder_under_mount(point, "/docker/x", "/other") == point
    assert cgroup_reader.folder_under_mount(point, "/", "/../..") == point
