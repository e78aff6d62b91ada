"""A request above what the machine has gives a line per limit, with the key, both figures and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.host import machine
from sandbox.host.machine import Machine, available_memory
from sandbox.limits import cgroup
from sandbox.protocol import Limits

SMALL = Machine(memory_mb=1000, cpus=2.0, disk_mb=500)


def test_this_machine_carries_the_default_limits() -> None:
    here = Machine.detect()
    assert here.memory_mb > 0
    assert here.cpus > 0
    assert here.shortfalls(Limits(memory_mb=here.memory_mb, cpus=here.cpus, disk_mb=here.disk_mb)) == []
    assert len(here.shortfalls(Limits(memory_mb=here.memory_mb + 1, cpus=here.cpus + 1, disk_mb=here.disk_mb + 1))) == 3


def test_a_line_says_key_wish_stock_and_mending() -> None:
    (line,) = SMALL.shortfalls(Limits(memory_mb=4000, disk_mb=64))
    assert line == (
        "limits.memory_mb: asks for 4000 MB of memory, this machine has 1000; lower it to 1000 at most, "
        "or use a larger machine"
    )


@given(st.integers(1, 2000), st.floats(0.1, 4.0), st.integers(1, 1000))
def test_refused_exactly_where_it_does_not_fit(memory: int, cpus: float, disk: int) -> None:
    lines = SMALL.shortfalls(Limits(memory_mb=memory, cpus=cpus, disk_mb=disk))
    over = {"memory_mb": memory > 1000, "cpus": cpus > 2.0, "disk_mb": disk > 500}
    assert {line.partition(":")[0].removeprefix("limits.") for line in lines} == {k for k, v in over.items() if v}


def test_a_control_group_around_us_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    for place, memory, cpu in ((tmp_path / "a", "max", "150000 100000"), (tmp_path, "300000000", "max 100000")):
        (place / "memory.max").write_text(memory)
        (place / "cpu.max").write_text(cpu)
    monkeypatch.setattr(cgroup, "v1_folders", lambda lines: {})
    monkeypatch.setattr(cgroup, "_own_v2_folders", lambda: [tmp_path / "a", tmp_path])
    assert cgroup.cgroup_limits() == (300_000_000, 1.5)
    assert Machine.detect().memory_mb == 300


@pytest.mark.parametrize(("used", "cache", "left"), [(900, 100, 200), (900, 0, 100), (1200, 0, 0), (100, 300, 1000)])
def test_memory_left_in_a_group_of_version_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: int, cache: int, left: int
) -> None:
    (tmp_path / "a").mkdir()
    for place, limit in ((tmp_path / "a", "max"), (tmp_path, "1000")):
        (place / "memory.max").write_text(limit)
        (place / "memory.current").write_text(f"{used}\n")
        (place / "memory.stat").write_text(f"anon 5\ninactive_file {cache}\n")
    monkeypatch.setattr(cgroup, "v1_folders", lambda lines: {})
    monkeypatch.setattr(cgroup, "_own_v2_folders", lambda: [tmp_path / "a", tmp_path])
    assert cgroup.memory_left() == left
    assert available_memory() == left


def test_memory_left_in_groups_of_version_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    for place, limit, used in ((tmp_path, 5000, 4000), (tmp_path / "own", 3000, 500)):
        (place / "memory.limit_in_bytes").write_text(str(limit))
        (place / "memory.usage_in_bytes").write_text(str(used))
        (place / "memory.stat").write_text("cache 9\ntotal_inactive_file 200\n")
    monkeypatch.setattr(cgroup, "v1_folders", lambda lines: {"memory": tmp_path / "own"})
    monkeypatch.setattr(cgroup, "mount_points", lambda version: {tmp_path})
    monkeypatch.setattr(cgroup, "_own_v2_folders", lambda: [])
    assert cgroup.memory_left() == 1200


def test_without_a_group_the_kernels_word_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_left", lambda: None)
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemFree: 3 kB\nMemAvailable: 5 kB\n")
    assert available_memory() == 5 * 1024
    (tmp_path / "meminfo").unlink()
    assert available_memory() > 0
