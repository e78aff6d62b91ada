"""A project is a folder like any other: it may have any name, and be moved or copied between two sessions."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from agents.launch import create, drive
from memory.hidden import NAME, hidden
from pelagos.errors import BadInput
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedParts
from tests.agents.test_loop import facts, settings
from tests.toolchains.table import write_task

ODD = "a#b?mode=memory&c%41 'd' \"e\" [f] ü 海; $HOME"


def begun(project: Path, run: Path | None = None) -> Path:
    """A run of the project that was stopped before its first hypothesis."""
    stop = threading.Event()
    stop.set()
    made = create(
        project,
        str(write_task(project / "table")),
        settings(loop={"hypotheses": 1}),
        run or project / "runs" / "r",
        ScriptedParts(),
    )
    assert drive(made, stop=stop, parts=ScriptedParts()).status == "interrupted"
    return made


def test_a_project_may_have_any_name(tmp_path: Path) -> None:
    project = tmp_path / ODD
    run = begun(project)
    assert drive(run, parts=ScriptedParts()).status == "finished"
    assert [path.name for path in tmp_path.iterdir()] == [ODD]


def test_a_moved_project_goes_on_where_it_lies(tmp_path: Path) -> None:
    begun(tmp_path / "old")
    secret = hidden(tmp_path / "old") / "secret"
    secret.write_text("5" * 64)
    (tmp_path / "old").rename(tmp_path / "new")
    assert drive(tmp_path / "new" / "runs" / "r", parts=ScriptedParts()).status == "finished"
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "new" / NAME / "bank").is_dir()


def test_a_run_elsewhere_in_a_moved_project_goes_on_too(tmp_path: Path) -> None:
    begun(tmp_path / "old", tmp_path / "old" / "out" / "r")
    (tmp_path / "old").rename(tmp_path / "new")
    assert drive(tmp_path / "new" / "out" / "r", parts=ScriptedParts()).status == "finished"
    assert not (tmp_path / "old").exists()


def test_a_copied_project_leaves_the_first_alone(tmp_path: Path) -> None:
    begun(tmp_path / "old")
    (hidden(tmp_path / "old") / "secret").write_text("5" * 64)
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "old").rglob("*") if path.is_file()}
    assert drive(tmp_path / "new" / "runs" / "r", parts=ScriptedParts()).status == "finished"
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "old").rglob("*") if path.is_file()}


def test_a_run_put_into_another_project_keeps_its_own(tmp_path: Path) -> None:
    run = begun(tmp_path / "old")
    (hidden(tmp_path / "old") / "secret").write_text("5" * 64)
    other = hidden(tmp_path / "other")
    (other / "secret").write_text("6" * 64)
    (tmp_path / "other" / "runs").mkdir()
    shutil.move(run, tmp_path / "other" / "runs" / "r")
    assert drive(tmp_path / "other" / "runs" / "r", parts=ScriptedParts()).status == "finished"
    assert not (other / "bank").exists()


@pytest.mark.parametrize("kept", [False, True])
def test_a_run_without_its_project_says_so_in_one_line(kept: bool, tmp_path: Path) -> None:
    run = begun(tmp_path / "old", tmp_path / "elsewhere" / "r")
    if kept:
        shutil.rmtree(tmp_path / "old" / NAME)
    else:
        (tmp_path / "old").rename(tmp_path / "new")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=r"its project .*/old has no \.pelagos any more") as caught:
        drive(run, parts=ScriptedParts())
    assert len(caught.value.faults) == 1
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == []


def test_files_that_the_settings_name_move_with_the_project(tmp_path: Path) -> None:
    project = tmp_path / "old"
    papers = (write_task(project / "table") / "papers.jsonl").rename(project / "own.jsonl")
    made = settings(survey={"corpus": papers}, loop={"hypotheses": 1})
    create(project, str(project / "table"), made, project / "runs" / "r", ScriptedParts())
    project.rename(tmp_path / "new")
    assert drive(tmp_path / "new" / "runs" / "r", parts=ScriptedParts()).status == "finished"
    assert facts(tmp_path / "new" / "runs" / "r", "survey")[0]


def test_a_relative_corpus_is_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (write_task(tmp_path / "table") / "papers.jsonl").rename(tmp_path / "own.jsonl")
    made = settings(survey={"corpus": Path("own.jsonl")}, loop={"hypotheses": 1})
    run = create(tmp_path, str(tmp_path / "table"), made, tmp_path / "runs" / "r", ScriptedParts())
    monkeypatch.chdir("/")
    assert drive(run, parts=ScriptedParts()).status == "finished"


def test_what_to_type_next_is_quoted(tmp_path: Path) -> None:
    task = str(write_task(tmp_path / "table"))
    run = create(tmp_path, task, Settings(), tmp_path / "my run", ScriptedParts())
    with pytest.raises(BadInput) as caught:
        create(tmp_path, task, Settings(), run, ScriptedParts())
    assert f"`pelagos resume '{run}'`" in str(caught.value)


def test_a_path_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"caf\\udce9.*: this path isn't UTF-8 text: rename that folder"):
        begun(tmp_path / "caf\udce9")
