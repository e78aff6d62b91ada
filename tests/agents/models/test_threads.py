from __future__ import annotations

import os
import subprocess
import sys

import pytest

from agents.models import threads


@pytest.mark.parametrize(
    ("idle", "want"), [(0.0, 1), (0.1, 1), (0.5, 4), (0.8, 6), (1.0, 8)]
)  # fmt: skip
def test_one_thread_per_idle_core_and_never_none(idle: float, want: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([(1000, 5000), (1000 + int(idle * 800), 5800)])
    monkeypatch.setattr(threads, "_ticks", lambda: next(looks))
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    assert threads.spare(0) == want


def test_a_busy_machine_leaves_one() -> None:
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        assert threads.spare(0.5) == 1
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
