"""A run takes its task along and nothing else of the folder, whatever lies there."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from agents.setup import run_folder
from agents.setup.create import create
from pelagos.errors import BadInput
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedAssembly
from tests.toolchains.table import write_task
from tests.tools.code.conftest import TASK, make_task
from tools import registry

NAMED = ["fit.py", "fixed.py", "helper.py", "items.csv", "task.yaml"]


def litter(folder: Path) -> None:
    """What lies in people's folders beside their task."""
    (folder / "notes").mkdir()
    (folder / "notes" / "big.bin").write_bytes(bytes(1_000_000))
    (folder / "loop").symlink_to(folder)
    (folder / "notes" / "up").symlink_to("..")
    (folder / "round").symlink_to("round")
    (folder / "gone").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(folder)  # a socket's path is short
        bound.bind("socket")
        os.chdir(here)


def create_run(project: Path, task: Path, number: int) -> Path:
    folder = project / "runs" / f"r{number}"
    return create(project, str(task), Settings(), folder, ScriptedAssembly())


def list_copied(run: Path) -> list[str]:
    task = run / run_folder.TASK
    return sorted(str(path.relative_to(task)) for path in task.rglob("*") if not path.is_dir())


def measure_size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def test_a_project_that_is_its_task_does_not_grow_by_its_runs(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    litter(tmp_path / "lines")
    runs = [create_run(tmp_path / "lines", tmp_path / "lines", number) for number in range(3)]
    assert [list_copied(run) for run in runs] == [NAMED] * 3
    assert measure_size(runs[2]) == measure_size(runs[0]) < 20_000


def test_what_the_task_names_is_copied_wherever_it_lies(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    for name in (".data/items.csv", "src/fit.py"):
        (tmp_path / "lines" / name).parent.mkdir()
        shutil.move(tmp_path / "lines" / Path(name).name, tmp_path / "lines" / name)
    text = TASK.replace("path: items.csv", "path: .data/items.csv").replace("fit.py --", "src/fit.py --")
    (tmp_path / "lines" / "task.yaml").write_text(text.replace("[fit.py, ", "[src/fit.py, "))
    run = create_run(tmp_path, tmp_path / "lines", 1)
    assert list_copied(run) == [".data/items.csv", "fixed.py", "helper.py", "src/fit.py", "task.yaml"]
    task, _ = registry.task(run / run_folder.TASK)
    assert task.digest == run_folder.read(run).digest


def test_of_another_toolchains_task_plain_files_are_copied_but_no_run(tmp_path: Path) -> None:
    write_task(tmp_path / "table")
    litter(tmp_path / "table")
    (tmp_path / "table" / "shared").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more.txt").write_text("more")
    (tmp_path / "table" / "around").symlink_to(tmp_path)
    runs = [create_run(tmp_path / "table", tmp_path / "table", number) for number in range(3)]
    expected = ["notes/big.bin", "papers.jsonl", "shared/more.txt", "task.yaml"]
    assert [list_copied(run) for run in runs] == [expected] * 3


def test_an_old_run_with_the_whole_folder_in_it_is_the_same_task(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    run = create_run(tmp_path, tmp_path / "lines", 1)
    (run / run_folder.TASK / "notes.txt").write_text("was copied by an earlier version")
    copied, _ = registry.task(run / run_folder.TASK)
    assert copied.digest == run_folder.read(run).digest


def test_a_file_that_cannot_be_copied_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(tmp_path / "lines")

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(source))

    monkeypatch.setattr(shutil, "copyfile", refuse)
    with pytest.raises(BadInput, match=r"task lines: .*task\.yaml: can't be copied into the run: Permission denied"):
        create_run(tmp_path, tmp_path / "lines", 1)
    assert not any(tmp_path.glob("runs/*")) and not any(tmp_path.glob("runs/.*"))


def test_a_pipe_in_the_place_of_the_task_file_is_no_task(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "task.yaml")
    with pytest.raises(BadInput, match=r"task\.yaml"):
        registry.task(tmp_path)
