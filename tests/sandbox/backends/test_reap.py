"""A controller is really killed; the next one removes what it left, and nothing of a living controller."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.choose import reap
from sandbox.host.process import START_GATE, ProcessTree
from tests.sandbox.conftest import standing

PROGRAM = """
import sys
from sandbox.choose import BACKENDS
from sandbox.protocol import Limits, Spec
from sandbox.backends.unsafe import Unsafe
box = Unsafe() if sys.argv[1] == "unsafe" else BACKENDS[sys.argv[1]]("")
box.run(Spec(["python", "-c", "import time; print(1); time.sleep(600)", sys.argv[2]], limits=Limits(seconds=600)), print)
"""
Start = Callable[[str], tuple[subprocess.Popen[str], str]]


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder of our own: another run on this machine may clear away at the same time."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def start() -> Iterator[Start]:
    """A controller of its own with a program that runs: (controller, mark in the program's arguments)."""
    started: list[tuple[subprocess.Popen[str], str]] = []

    def make(backend: str) -> tuple[subprocess.Popen[str], str]:
        mark = f"reaped-{time.monotonic_ns()}"
        owner = subprocess.Popen([sys.executable, "-c", PROGRAM, backend, mark], stdout=subprocess.PIPE, text=True)
        started.append((owner, mark))
        assert owner.stdout is not None and owner.stdout.readline() == "1\n"
        return owner, mark

    yield make
    for owner, mark in started:
        owner.kill()
        owner.wait()
        for pid in running(mark):
            with contextlib.suppress(ProcessLookupError):  # it dies with its owner
                os.kill(pid, signal.SIGKILL)
    reap()


def running(mark: str) -> list[int]:
    """Who carries the mark, but for the controller itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (words := (entry / "cmdline").read_text()) and "BACKENDS" not in words:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def left(owner: int) -> set[str]:
    """Labels of that controller on this machine: its groups and its work folders."""
    places = [*Path("/sys/fs/cgroup").rglob(f"pelagos-*-{owner}-*"), *Path(tempfile.gettempdir()).glob("pelagos-*")]
    return {place.name for place in places if f"-{owner}-" in place.name}


@pytest.mark.parametrize("backend", ["bubblewrap", "unsafe"])
def test_the_dead_are_cleared_away_and_the_living_left_alone(backend: str, start: Start) -> None:
    if backend != "unsafe":
        standing(backend)
    alive, other = start(backend)
    for _ in range(5):  # the reaper of another worker's test may come before ours, which then has nothing to say
        dead, mark = start(backend)
        dead.kill()
        dead.wait()
        was_left = left(dead.pid)
        removed = reap()
        assert left(dead.pid) == set() and running(mark) == []
        assert not any(f"-{alive.pid}-" in line for line in removed)
        assert left(alive.pid) and running(other) and alive.poll() is None
        if was_left and any(f"-{dead.pid}-" in line for line in removed):
            break
    else:
        pytest.fail("no reaper's call said that it removed what the dead one had left")


def test_the_doctor_clears_away_and_says_what(start: Start) -> None:
    dead, mark = start("unsafe")
    dead.kill()
    dead.wait()
    assert running(mark)
    said = [_doctor(), _doctor()]
    assert "removed: work folder pelagos-" in said[0] and f"-{dead.pid}-" in said[0].replace("\n", "")
    assert running(mark) == []
    assert f"-{dead.pid}-" not in said[1]


def _doctor() -> str:
    command = [sys.executable, "-c", "from app.main import main; main()", "doctor", "--clean"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_link_with_an_orphans_name_is_left(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    space = Path("/proc/self/ns/pid").stat().st_ino
    link = Path(tempfile.gettempdir()) / f"pelagos-{space}-{2**22 + 2}-1-0"
    link.symlink_to(tmp_path)
    try:
        reap()
        assert link.is_symlink() and (tmp_path / "kept").exists()
    finally:
        link.unlink()


def test_the_gate_stays_shut_when_we_die_before_the_word(tmp_path: Path) -> None:
    tree = ProcessTree(
        [*START_GATE, "/bin/sh", "-c", f"echo opened > {tmp_path}/opened"], (), (), env={"PATH": "/usr/bin:/bin"}
    )
    try:
        tree.wait_ready()
        tree._process.stdin.close()
        ended = os.waitid(os.P_PID, tree.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None and ended.si_status == 125
    finally:
        tree.close()
    assert not (tmp_path / "opened").exists()
