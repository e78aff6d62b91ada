"""The tables say what was measured, and growth is seen."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from benchmarks.sandbox import arms, endurance, latency, overhead
from benchmarks.sandbox.traces import Traces


def test_the_latency_table_compares_with_the_first_row() -> None:
    table = latency.make_table({"plain subprocess": [0.010, 0.020, 0.030], "bubblewrap": [0.040, 0.050, 0.090]})
    assert "| plain subprocess | 20 | 10 | 20 | 1.0 |" in table
    assert "| bubblewrap | 50 | 40 | 50 | 2.5 |" in table
    assert "bubblewrap: 2.50 times" in table and "3 repeats" in table


def test_the_overhead_table_compares_pair_by_pair() -> None:
    table = overhead.make_table({"outside": [10.0, 20.0, 10.0], "bubblewrap": [10.2, 20.0, 10.4]}, 500)
    assert "| outside | 10.00 | 10.00 | - |" in table and "| bubblewrap | 10.40 | 10.20 | +2.0 % |" in table


def test_a_plain_subprocess_is_timed() -> None:
    assert 0.001 < arms.run_plain() < 30


def test_one_in_five_is_hostile_and_each_has_its_turn() -> None:
    planned = list(endurance.plan_experiments(300))
    hostile = [escape.name for escape in planned if escape]
    assert len(hostile) == 60 == len(set(hostile)) and planned[4] is not None and planned[0] is None


def test_growth_of_every_kind_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = Traces.now()
    assert before.growth(before) == []
    child = subprocess.Popen(["sleep", "60"])
    handle = os.open(tmp_path, os.O_RDONLY)
    folder = tmp_path / f"pelagos-1-{os.getpid()}-1-0"
    folder.mkdir()
    (folder / "left").write_bytes(bytes(10_000))
    try:
        seen = set(Traces.now().growth(before))
    finally:
        child.kill()
        child.wait()
        os.close(handle)
    assert {"processes", "open files", "temporary folders", "bytes of disk"} <= seen
