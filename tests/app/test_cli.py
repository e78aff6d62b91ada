"""The command line as a person meets it. What is about the process is asked of a real one."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from memory.ledger.ledger import Ledger
from tests.app.command import ROOT, assert_bad_input, run_pelagos, spawn_pelagos


@pytest.fixture
def task(tmp_path: Path) -> Path:
    assert run_pelagos("tasks", "new", "mine", folder=tmp_path).returncode == 0
    return tmp_path / "mine"


def change_task(task: Path, old: str, new: str) -> None:
    text = (task / "task.yaml").read_text()
    assert old in text
    (task / "task.yaml").write_text(text.replace(old, new))


def test_help_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    """CPU seconds, since the wall clock of a busy machine says nothing; alone they are the same."""
    times = []
    for _ in range(5):
        usage_before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert spawn_pelagos("--help", folder=tmp_path).returncode == 0
        usage_after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(usage_after.ru_utime + usage_after.ru_stime - usage_before.ru_utime - usage_before.ru_stime)
    assert min(times) < 0.5, times
    names = ("torch", "langgraph", "chromadb", "sklearn", "pydantic")
    heavy = f"import sys, app.main; print([m for m in {names} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_new_task_is_sound(task: Path) -> None:
    result = run_pelagos("tasks", "check", "mine", "--json", folder=task.parent)
    assert json.loads(result.stdout)["metric"]["direction"] == "down"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("metric:", "metrik:", "metric"),
        ("  direction: down             # up: higher is better; down: lower is better\n", "", "direction"),
        ("entry: python train.py", "entry: python absent.py", "absent.py"),
        ("seeds: [1, 2, 3, 4, 5, 6, 7, 8]", "seeds: [1]", "seeds"),
        ("name: NAME", "", ""),
        ("train: 200", "train: 20000", "splits"),
    ],
)
def test_a_faulty_task_is_named_and_nothing_is_written(task: Path, old: str, new: str, message: str) -> None:
    if old == "name: NAME":
        (task / "task.yaml").write_text("a: [1,\n")
    else:
        change_task(task, old, new)
    assert_bad_input(run_pelagos("run", "mine", folder=task.parent), "task.yaml", message)
    assert not (task.parent / "runs").exists()


def test_missing_task_file(task: Path) -> None:
    (task / "task.yaml").unlink()
    assert_bad_input(run_pelagos("run", "mine", folder=task.parent), "task.yaml")


def test_an_unknown_task_names_the_nearest(tmp_path: Path) -> None:
    assert_bad_input(run_pelagos("run", "digit", folder=tmp_path), "digits")


def test_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "pelagos.toml").write_text("[loop]\natempts = 2\n")
    assert_bad_input(run_pelagos("run", "digits", folder=tmp_path), "attempts")


def test_a_run_folder_of_another_task_is_refused(task: Path) -> None:
    other_run = task.parent / "other"
    other_run.mkdir()
    (other_run / "run.json").write_text(json.dumps({"digest": "x"}))
    assert_bad_input(
        run_pelagos(
            "run",
            "mine",
            "--run-dir",
            str(other_run),
            "--model",
            "default=openai:m@http://127.0.0.1:9",
            folder=task.parent,
        )
    )
    assert [path.name for path in other_run.iterdir()] == ["run.json"]


def test_reading_commands_speak_json(run_folder: Path) -> None:
    project = run_folder.parents[1]
    rows = json.loads(run_pelagos("hypotheses", "demo", "--json", folder=project).stdout)
    assert len(rows) == 2
    assert json.loads(run_pelagos("list", "--json", folder=project).stdout)
    status = json.loads(run_pelagos("status", "demo", "--json", folder=project).stdout)
    assert "finished" in json.dumps(status)
    first = status["hypotheses"][0]
    assert {name: first[name] for name in ("verdict", "effect", "p_value")} == {
        "verdict": "supported", "effect": 0.05, "p_value": 0.001,
    }  # fmt: skip
    assert {"id", "title", "stage", "detail", "low", "high", "suspect", "tested"} <= first.keys()
    assert rows[0]["verdict"]["effect"] == 0.05
    assert rows[0]["claim"]["score"] == 0.86
    assert (
        Path(json.loads(run_pelagos("report", "demo", "--json", folder=project).stdout)["html"]).name == "report.html"
    )


def test_suspect_results_are_told_with_their_evidence(run_folder: Path) -> None:
    verdict = {"id": "late", "hypothesis": "h1", "kind": "undecided", "suspect": ["train.py:3: reads labels"]}
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("verdict", "late", verdict)
    project = run_folder.parents[1]
    rows = json.loads(run_pelagos("hypotheses", "demo", "--json", folder=project).stdout)
    assert [row["verdict"]["suspect"] for row in rows] == [["train.py:3: reads labels"], []]
    assert "h1 suspect: train.py:3: reads labels" in run_pelagos("hypotheses", "demo", folder=project).stdout


def test_an_unknown_run_is_one_line(tmp_path: Path) -> None:
    assert_bad_input(run_pelagos("status", "nowhere", folder=tmp_path), "nowhere")


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_probe_names_a_backend_that_works(tmp_path: Path) -> None:
    rows = json.loads(run_pelagos("sandbox", "probe", "--json", folder=tmp_path).stdout)
    assert any(row["name"].startswith("bubblewrap") for row in rows)


@pytest.mark.parametrize(
    ("command", "limits", "message"),
    [
        (("run", "mine"), "limits: {memory_mb: 90000000}", "limits.memory_mb: asks for 90000000 MB of memory, this"),
        (("tasks", "check", "mine"), "limits: {cpus: 4096}", "limits.cpus: asks for 4096 processors, this machine has"),
        (("tasks", "check", "mine"), "limits: {disk_mb: 90000000}", "limits.disk_mb: asks for 90000000 MB for work"),
    ],
)
def test_a_task_that_wants_more_than_the_machine_has(
    command: tuple[str, ...], limits: str, message: str, task: Path
) -> None:
    text = (task / "task.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("limits:")]
    (task / "task.yaml").write_text("\n".join([*lines, limits, ""]))
    result = run_pelagos(*command, folder=task.parent)
    assert_bad_input(result, message, "lower it to")
    assert len(result.stderr.splitlines()) == 1
    assert not (task.parent / "runs").exists()


@pytest.mark.parametrize("command", [("tasks", "check", "mine"), ("run", "mine")])
def test_a_task_that_wants_a_card_where_none_is(command: tuple[str, ...], task: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    change_task(task, "limits: {", "limits: {gpus: 1, ")
    result = spawn_pelagos(*command, folder=task.parent, PATH=str(empty))
    assert result.returncode == 4, result.stderr
    assert "limits.gpus: asks for 1, this machine has no graphics card to be seen" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (task.parent / "runs").exists()


def test_packages_that_cannot_be_had_are_said_before_a_run_exists(task: Path, tmp_path: Path) -> None:
    (task / "requirements.lock").write_text(f"nosuchpackage==1.0 --hash=sha256:{'0' * 64}\n")
    text = (task / "task.yaml").read_text()
    (task / "task.yaml").write_text(text + "packages: requirements.lock\n")
    pip = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    model = ("--model", "default=openai:m@http://127.0.0.1:9/v1", "--sandbox", "unsafe")
    result = run_pelagos("run", "mine", *model, folder=task.parent, **pip)
    assert_bad_input(
        result, "packages: requirements.lock: nosuchpackage==1.0: no wheel for this Python and platform was found"
    )
    assert len(result.stderr.splitlines()) == 1
    assert not (task.parent / "runs").exists()


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.slow)])
def test_a_terminal_that_lacks_a_character_shows_another(encoding: str, tmp_path: Path) -> None:
    result = spawn_pelagos("tasks", "list", folder=tmp_path, PYTHONIOENCODING=encoding)
    assert result.returncode == 0, result.stderr
    assert "accuracy ?" in result.stdout


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    command = f"cd gone && rmdir ../gone && exec '{sys.executable}' -P -m app.main tasks list"
    result = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert_bad_input(result, "the current folder is gone")
