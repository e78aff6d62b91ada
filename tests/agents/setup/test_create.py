"""What is found before a run exists: one clear line, and nothing written."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agents.setup.create import create
from pelagos.errors import BadInput
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedAssembly
from tests.toolchains.table import write_task


def create_run(folder: Path, **task: Any) -> Path:
    return create(folder, str(write_task(folder / "table", **task)), Settings(), folder / "r", ScriptedAssembly())


def test_a_run_folder_stands_alone(tmp_path: Path) -> None:
    run = create_run(tmp_path)
    description = json.loads((run / "run.json").read_text())
    assert description["task"] == "table"
    assert description["settings"]["judge"]["alpha"] == 0.1
    assert description["versions"]["langgraph"].startswith("1.")
    assert (run / "task" / "task.yaml").exists()
    assert sorted(path.name for path in run.iterdir()) == ["run.json", "task"]


def test_too_few_seeds_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too few for a noise estimate: name at least 3"):
        create_run(tmp_path, seeds=2)
    assert not (tmp_path / "r").exists()


def test_a_corpus_with_nothing_usable_is_named_by_line(tmp_path: Path) -> None:
    task = write_task(tmp_path / "table")
    (task / "papers.jsonl").write_text('\n{"id": "b"}\nno json\n')
    with pytest.raises(BadInput) as caught:
        create(tmp_path, str(task), Settings(), tmp_path / "r", ScriptedAssembly())
    assert ["papers.jsonl:2" in caught.value.faults[0], "papers.jsonl:3" in caught.value.faults[1]] == [True, True]
    assert not (tmp_path / "r").exists()


def test_know_how_that_isnt_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    task, settings = write_task(tmp_path / "table"), Settings(knowhow=[Path("notes")])
    with pytest.raises(BadInput, match=r"knowhow: .*/notes is no folder"):
        create(tmp_path, str(task), settings, tmp_path / "r", ScriptedAssembly())
    assert not (tmp_path / "r").exists()


def test_a_folder_with_another_tasks_run_is_refused(tmp_path: Path) -> None:
    create_run(tmp_path)
    with pytest.raises(BadInput, match="run of another task"):
        create_run(tmp_path, seeds=9)


def test_a_folder_with_this_tasks_run_says_resume(tmp_path: Path) -> None:
    create_run(tmp_path)
    with pytest.raises(BadInput, match="pelagos resume"):
        create_run(tmp_path)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.tex").write_text("mine")
    with pytest.raises(BadInput, match="not empty"):
        create_run(tmp_path)
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(("place", "message"), [("file/r", "Not a directory"), ("x" * 300, "File name too long")])
def test_a_run_folder_that_can_not_be_made_is_one_line(place: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=f"can't be made: {message}: name another place by --run-dir"):
        create(tmp_path, str(write_task(tmp_path / "table")), Settings(), tmp_path / place, ScriptedAssembly())


def test_many_that_are_created_in_one_second_have_a_folder_each(tmp_path: Path) -> None:
    task = str(write_task(tmp_path / "table"))
    together = threading.Barrier(20)

    class Together(ScriptedAssembly):
        def check_model(self, spec: str, settings: Settings) -> None:
            together.wait()  # all have looked for a free place

    def create_one(_: int) -> Path:
        return create(tmp_path, task, Settings(models={"default": "replay:none"}), assembly=Together())

    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(create_one, range(20)))
    assert len(set(runs)) == 20
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == sorted(run.name for run in runs)
    assert all((run / "run.json").is_file() and (run / "task" / "task.yaml").is_file() for run in runs)


def test_of_two_that_are_created_at_one_named_place_one_is_told(tmp_path: Path) -> None:
    task = str(write_task(tmp_path / "table"))
    together = threading.Barrier(2)

    class Together(ScriptedAssembly):
        def check_model(self, spec: str, settings: Settings) -> None:
            together.wait()

    def create_one(_: int) -> Path | str:
        try:
            return create(tmp_path, task, Settings(models={"default": "replay:none"}), tmp_path / "r", Together())
        except BadInput as message:
            return str(message)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(create_one, range(2)))
    assert tmp_path / "r" in outcomes
    (message,) = (outcome for outcome in outcomes if isinstance(outcome, str))
    assert "already holds a run of this task: go on with `pelagos resume" in message
    assert not list(tmp_path.glob(".r.new-*"))
