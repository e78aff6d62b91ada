"""A disk that fills up, for real: one line, exit code 3, nothing recorded is lost, and `resume` goes on after room."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.setup.create import create
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import DiskFull
from pelagos.settings import Settings
from tests.agents.crash import locate_run, read_events, read_facts
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.agents.servers.imitation import Imitation, serving
from tests.disks import Disk, small_disk
from tests.toolchains.table import write_task

ROOT = Path(__file__).parents[2]
MEGABYTES = 24


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.launch.DISK_WAITS_S", (0.0,))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", MEGABYTES) as small:
        yield small


def create_run(project: Path) -> Path:
    settings = make_short_settings(workers=2)
    return create(project, str(write_task(project / "table")), settings, locate_run(project), ScriptedAssembly())


def read_results(project: Path) -> dict[tuple[str, str], Any]:
    return {name: fact for name, fact in read_facts(project).items() if name[0] != "run.ended"}


def test_whenever_it_fills_the_run_stops_and_resumes_to_the_same_facts(disk: Disk, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    assert drive(create_run(whole), assembly=ScriptedAssembly()).status == "finished"
    project = disk.folder / "project"
    project.mkdir()
    run = create_run(project)
    rows, lives = len(read_events(whole)), 0
    for moment in range(2, rows, max(1, rows // 8)):

        def watch(event: Event, last: int = moment) -> None:
            if event.seq == last:
                disk.fill()

        ending = drive(run, watch, assembly=ScriptedAssembly())
        if ending.status == "finished":
            break
        before = {(e.kind, e.key): e.payload for e in read_events(project)}
        assert (ending.status, ending.exit_code) == ("disk full", 3), ending
        assert ending.reason.startswith("disk: no room left at")
        assert "\n" not in ending.reason
        disk.free()
        lives += 1
        assert {(e.kind, e.key): e.payload for e in read_events(project)}.items() >= before.items()
    assert lives >= 5
    assert drive(run, assembly=ScriptedAssembly()).status == "finished"
    assert read_results(project) == read_results(whole)


def test_a_disk_that_was_full_for_a_moment_doesnt_end_the_run(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.launch.DISK_WAITS_S", (0.2, 0.2))
    project, whole = disk.folder / "project", tmp_path / "whole"
    project.mkdir(), whole.mkdir()
    assert drive(create_run(whole), assembly=ScriptedAssembly()).status == "finished"
    timers = []

    def watch(event: Event) -> None:
        if event.seq in (20, 60):
            disk.fill()
            timers.append(threading.Timer(0.1, disk.free))
            timers[-1].start()

    assert drive(create_run(project), watch, assembly=ScriptedAssembly()).status == "finished"
    assert len(timers) == 2
    assert read_facts(project) == read_facts(whole)


def test_no_room_at_the_start_writes_no_run(disk: Disk) -> None:
    project = disk.folder / "project"
    (project / "runs").mkdir(parents=True)
    write_task(project / "table")
    disk.fill()
    with pytest.raises(DiskFull, match="no room left at"):
        create_run_again(project)
    assert list((project / "runs").iterdir()) == []
    disk.free()
    assert drive(create_run(project), assembly=ScriptedAssembly()).status == "finished"


def create_run_again(project: Path) -> Path:
    return create(
        project,
        str(project / "table"),
        Settings(models={"default": "replay:none"}),
        locate_run(project),
        ScriptedAssembly(),
    )


def test_no_room_between_launch_and_drive(disk: Disk) -> None:
    project = disk.folder / "project"
    project.mkdir()
    run = create_run(project)
    disk.fill()
    with pytest.raises(DiskFull):
        drive(run, assembly=ScriptedAssembly())
    disk.free()
    assert drive(run, assembly=ScriptedAssembly()).status == "finished"


def make_endpoint_options(url: str) -> tuple[str, ...]:
    """Return the options for an endpoint that isn't waited for while it is away."""
    return "--patience", "0", "--model", f"default=openai:somebody@{url}", "--sandbox", "unsafe"


def test_the_command_line_says_one_line_and_exits_with_3(disk: Disk, tmp_path: Path) -> None:
    assert start_pelagos("tasks", "new", str(tmp_path / "mine"), folder=tmp_path).wait(60) == 0
    disk.fill()
    with (
        serving(Imitation()) as url,
        start_pelagos("run", str(tmp_path / "mine"), *make_endpoint_options(url), folder=disk.folder) as process,
    ):
        _, output = process.communicate(timeout=120)
    assert process.returncode == 3, output
    assert output.count(b"\n") == 1, output
    assert output.startswith(b"pelagos: disk: no room left at"), output
    assert not (disk.folder / "runs").exists() or list((disk.folder / "runs").iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(400)  # a full disk is waited for 85 seconds
def test_a_detached_run_stops_with_3_though_its_log_is_on_that_disk(disk: Disk, tmp_path: Path) -> None:
    assert start_pelagos("tasks", "new", str(tmp_path / "mine"), folder=tmp_path).wait(60) == 0
    log = disk.folder / "run.log"
    with log.open("ab") as out, serving(Imitation()) as url:
        child = start_pelagos(
            "run", str(tmp_path / "mine"), *make_endpoint_options(url), folder=disk.folder, stdout=out, stderr=out
        )
        wait_for(lambda: any(disk.folder.glob("runs/*/ledger.db")), child)
    disk.fill()
    assert child.wait(120) == 3, log.read_text()
    assert "Traceback" not in log.read_text()
    assert log.read_text().startswith("UNSAFE: "), "the run's first line"
    disk.free()
    (run,) = (disk.folder / "runs").iterdir()
    assert (
        start_pelagos("resume", run.name, folder=disk.folder).wait(120) == 5
    )  # nobody answers any more; but it went on
    ending = [event.payload for event in read_run_events(run) if event.kind == "run.ended"][-1]
    assert ending["status"] == "starved", ending


def read_run_events(run: Path) -> list[Event]:
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        return ledger.events()


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def start_pelagos(*words: str, folder: Path, stdout: Any = subprocess.PIPE, stderr: Any = subprocess.PIPE) -> Any:
    command = [sys.executable, "-m", "app.main", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr, env=env)
