"""`pelagos propose`, `steer`, `pause`, `stop` and `decide ... more`: what they answer, and that `resume` takes a pause
back."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import drive
from agents.review.control import find_control, record_control
from app.record import folders
from app.review.acts.audit_log import list_entries
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Ledger
from tests.agents.review.test_review import launch
from tests.app.command import Completed, assert_bad_input, run_pelagos


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished run of one hypothesis."""
    project = tmp_path_factory.mktemp("project")
    run, assembly = launch(project, lanes=1, hypotheses=1, review="off")
    assert drive(run, assembly=assembly).status == "finished"
    return project


@pytest.fixture
def project(over: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(over, tmp_path / "project"))


def say(project: Path, *words: str) -> Completed:
    return run_pelagos(*words, folder=project, LOGNAME="ann")


def test_what_is_said_is_answered_and_kept_with_the_name(project: Path) -> None:
    proposed = say(project, "propose", "r", "--title", "A cube", "--statement", "Cube the column.", "--target", "c")
    assert proposed.stdout.startswith("proposed: the next free lane takes it before it asks for an idea; go on by")
    assert say(project, "steer", "r", "smaller", "--by", "Bob").stdout.startswith("ideas are asked for with this wish")
    assert say(project, "steer", "r", "").stdout == "no wish from now on, in place of: smaller\n"
    assert [(entry.by, entry.what) for entry in list_entries(project / "runs" / "r")] == [
        ("ann", "proposal"),
        ("Bob", "wish"),
        ("ann", "wish taken back"),
    ]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("pause", "r"), "r: no process drives it, so there is nothing to pause"),
        (("stop", "r"), "r: no process drives it, so there is nothing to stop"),
        (("propose", "r", "--title", "A cube", "--statement", "Cube the column."), "one of a, b, c, d"),
        (("decide", "r", "h9", "more"), "hypothesis 'h9': not in this run"),
        (("decide", "r", "h1", "more"), "h1: "),
        (("steer", "nowhere", "x"), "run 'nowhere'"),
    ],
)
def test_what_can_not_be_done_is_one_line(project: Path, words: tuple[str, ...], fault: str) -> None:
    result = say(project, *words)
    assert_bad_input(result, fault)
    assert len(result.stderr.splitlines()) == 1


def test_a_pause_of_a_driven_run_is_taken_back_by_resume(project: Path) -> None:
    run = project / "runs" / "r"
    with hold_controller(run):
        assert "holds at its next boundary; `pelagos resume` goes on" in say(project, "pause", "r").stdout
        assert "goes on with it" in say(project, "resume", "r").stdout
        assert_bad_input(say(project, "resume", "r"), "already drives this run")
        assert "stops at its next boundary" in say(project, "stop", "r").stdout
    assert [entry.what for entry in list_entries(run)] == ["pause", "go on", "stop"]


def test_resume_takes_back_a_pause_of_a_run_that_nobody_drives(project: Path) -> None:
    run = project / "runs" / "r"
    with closing(Ledger.open(run / folders.LEDGER)) as ledger:
        record_control(ledger, "pause")
    assert say(project, "resume", "r").returncode == 0
    with closing(Ledger.read(run / folders.LEDGER)) as reader:
        assert find_control(reader) == "continue"
