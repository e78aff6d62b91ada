from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.models.llama_cpp import threads
from agents.models.llama_cpp.threads import LoadMonitor, read_ticks, threads_for

CORES = 8


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: CORES)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(CORES)), raising=False)


class Machine:
    """A /proc in which time passes as told: clock ticks of others, of this process and of its children."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder
        self.idle = self.others = self.own = self.child = 0
        self.write()

    def passes(self, all_ticks: int, others: int, own: int, child: int = 0) -> None:
        self.others, self.own, self.child = self.others + others, self.own + own, self.child + child
        self.idle += all_ticks - others - own - child
        self.write()

    def write(self) -> None:
        busy = self.others + self.own + self.child
        (self.proc / "stat").write_text(f"cpu  {busy} 0 0 {self.idle} 0 0 0 0 0 0\ncpu0 1 2 3\n")
        for pid, parent, used in ((os.getpid(), 1, self.own), (4242, os.getpid(), self.child), (77, 1, self.others)):
            (self.proc / str(pid)).mkdir(exist_ok=True)
            line = f"{pid} (a (b) c) S {parent} {'0 ' * 9}{used} 0 0 0 20 0 1\n"
            (self.proc / str(pid) / "stat").write_text(line)


def look(monitor: LoadMonitor, machine: Machine, others: float, own: float = 0.3, child: float = 0.1) -> int | None:
    """Thinking for a while beside others who keep a share of all cores busy."""
    monitor.start()
    machine.passes(8000, int(8000 * others), int(8000 * own), int(8000 * child))
    monitor.stop()
    return monitor.new_thread_count()


@pytest.mark.parametrize(("busy", "want"), [(1.0, 1), (0.9, 1), (0.5, 4), (0.2, 6), (0.0, 8)])
def test_one_thread_per_core_that_nobody_uses_and_never_none(busy: float, want: int, eight: None) -> None:
    assert threads_for(busy) == want


def test_our_own_work_and_our_children_are_not_others(tmp_path: Path, eight: None) -> None:
    machine, monitor = Machine(tmp_path), LoadMonitor(8, 0.0, tmp_path)
    assert [look(monitor, machine, 0.0, own=0.7, child=0.3) for _ in range(4)] == [None] * 4


def test_two_looks_in_a_row_change_the_number_and_one_does_not(tmp_path: Path, eight: None) -> None:
    machine, monitor = Machine(tmp_path), LoadMonitor(8, 0.0, tmp_path)
    assert [look(monitor, machine, share) for share in (0.5, 0.0, 0.5, 0.5, 0.5, 0.5)] == [
        None,
        None,
        None,
        4,
        None,
        None,
    ]
    assert [look(monitor, machine, 0.0) for _ in range(3)] == [None, 8, None]


def test_a_small_difference_is_not_worth_a_reload(tmp_path: Path, eight: None) -> None:
    machine, monitor = Machine(tmp_path), LoadMonitor(8, 0.0, tmp_path)
    assert [look(monitor, machine, 0.13) for _ in range(4)] == [None] * 4


def test_time_without_thinking_does_not_count(tmp_path: Path, eight: None) -> None:
    machine, monitor = Machine(tmp_path), LoadMonitor(8, 0.0, tmp_path)
    for _ in range(4):
        machine.passes(8000, 8000, 0)  # an experiment in a container
        assert look(monitor, machine, 0.0) is None


def test_a_look_takes_its_time(tmp_path: Path, eight: None) -> None:
    machine, monitor = Machine(tmp_path), LoadMonitor(8, 60.0, tmp_path)
    assert [look(monitor, machine, 1.0) for _ in range(4)] == [None] * 4


def test_a_real_child_is_ours_and_a_busy_machine_leaves_one() -> None:
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        before = read_ticks()
        assert threads.count_idle_cores(0.5) == 1
        after = read_ticks()
        assert 0 < after.own - before.own <= after.busy - before.busy + 5
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
