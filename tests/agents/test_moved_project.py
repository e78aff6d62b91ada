"""A project is a folder like any other: it may have any name, and be moved or copied between two sessions."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from agents.launch import drive
from agents.setup.create import create
from memory.files.project_folder import FOLDER_NAME, project_folder
from pelagos.errors import BadInput
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedAssembly
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import write_task

ODD = "a#b?mode=memory&c%41 'd' \"e\" [f] ü 海; $HOME"


def create_stopped_run(project: Path, run: Path | None = None) -> Path:
    """A run of the project that was stopped before its first hypothesis."""
    stop = threading.Event()
    stop.set()
    folder = create(
        project,
        str(write_task(project / "table")),
        make_settings(loop={"hypotheses": 1}),
        run or project / "runs" / "r",
        ScriptedAssembly(),
    )
    assert drive(folder, stop=stop, assembly=ScriptedAssembly()).status == "interrupted"
    return folder


def test_a_project_may_have_any_name(tmp_path: Path) -> None:
    project = tmp_path / ODD
    run = create_stopped_run(project)
    assert drive(run, assembly=ScriptedAssembly()).status == "finished"
    assert [path.name for path in tmp_path.iterdir()] == [ODD]


def test_a_moved_project_goes_on_where_it_lies(tmp_path: Path) -> None:
    create_stopped_run(tmp_path / "old")
    secret = project_folder(tmp_path / "old") / "secret"
    secret.write_text("5" * 64)
    (tmp_path / "old").rename(tmp_path / "new")
    assert drive(tmp_path / "new" / "runs" / "r", assembly=ScriptedAssembly()).status == "finished"
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "new" / FOLDER_NAME / "bank").is_dir()


def test_a_run_elsewhere_in_a_moved_project_goes_on_too(tmp_path: Path) -> None:
    create_stopped_run(tmp_path / "old", tmp_path / "old" / "out" / "r")
    (tmp_path / "old").rename(tmp_path / "new")
    assert drive(tmp_path / "new" / "out" / "r", assembly=ScriptedAssembly()).status == "finished"
    assert not (tmp_path / "old").exists()


def test_a_copied_project_leaves_the_first_alone(tmp_path: Path) -> None:
    create_stopped_run(tmp_path / "old")
    (project_folder(tmp_path / "old") / "secret").write_text("5" * 64)
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "old").rglob("*") if path.is_file()}
    assert drive(tmp_path / "new" / "runs" / "r", assembly=ScriptedAssembly()).status == "finished"
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "old").rglob("*") if path.is_file()}


def test_a_run_put_into_another_project_keeps_its_own(tmp_path: Path) -> None:
    run = create_stopped_run(tmp_path / "old")
    (project_folder(tmp_path / "old") / "secret").write_text("5" * 64)
    other = project_folder(tmp_path / "other")
    (other / "secret").write_text("6" * 64)
    (tmp_path / "other" / "runs").mkdir()
    shutil.move(run, tmp_path / "other" / "runs" / "r")
    assert drive(tmp_path / "other" / "runs" / "r", assembly=ScriptedAssembly()).status == "finished"
    assert not (other / "bank").exists()


@pytest.mark.parametrize("kept", [False, True])
def test_a_run_without_its_project_says_so_in_one_line(kept: bool, tmp_path: Path) -> None:
    run = create_stopped_run(tmp_path / "old", tmp_path / "elsewhere" / "r")
    if kept:
        shutil.rmtree(tmp_path / "old" / FOLDER_NAME)
    else:
        (tmp_path / "old").rename(tmp_path / "new")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=r"its project .*/old has no \.pelagos any more") as caught:
        drive(run, assembly=ScriptedAssembly())
    assert len(caught.value.faults) == 1
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == []


def test_files_that_the_settings_name_move_with_the_project(tmp_path: Path) -> None:
    project = tmp_path / "old"
    papers = (write_task(project / "table") / "papers.jsonl").rename(project / "own.jsonl")
    settings = make_settings(survey={"corpus": papers}, loop={"hypotheses": 1})
    create(project, str(project / "table"), settings, project / "runs" / "r", ScriptedAssembly())
    project.rename(tmp_path / "new")
    assert drive(tmp_path / "new" / "runs" / "r", assembly=ScriptedAssembly()).status == "finished"
    assert read_facts(tmp_path / "new" / "runs" / "r", "survey")[0]


def test_a_relative_corpus_is_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (write_task(tmp_path / "table") / "papers.jsonl").rename(tmp_path / "own.jsonl")
    settings = make_settings(survey={"corpus": Path("own.jsonl")}, loop={"hypotheses": 1})
    run = create(tmp_path, str(tmp_path / "table"), settings, tmp_path / "runs" / "r", ScriptedAssembly())
    monkeypatch.chdir("/")
    assert drive(run, assembly=ScriptedAssembly()).status == "finished"


def test_what_to_type_next_is_quoted(tmp_path: Path) -> None:
    task = str(write_task(tmp_path / "table"))
    run = create(tmp_path, task, Settings(), tmp_path / "my run", ScriptedAssembly())
    with pytest.raises(BadInput) as caught:
        create(tmp_path, task, Settings(), run, ScriptedAssembly())
    assert f"`pelagos resume '{run}'`" in str(caught.value)


def test_a_path_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"caf\\udce9.*: this path isn't UTF-8 text: rename that folder"):
        create_stopped_run(tmp_path / "caf\udce9")
