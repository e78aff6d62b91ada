"""Tests that every fault of a task is one line with its key and remedy, all together, before anything is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tests.tools.code.conftest import TASK, make_task
from tools.code.task.code_task import load_task

TASKS = Path(__file__).parents[4] / "tasks"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("topic: fit", "topik: fit", "topik"),
        ("topic: fit a line\n", "", "topic"),
        ("direction: down", "direction: sideways", "metric.direction"),
        ("direction: down, ", "", "metric.direction"),
        ("direction: down", "direction: up", "rmse is better when lower"),
        ("name: rmse", "name: rsme", "did you mean 'rmse'"),
        ("min_effect: 0.01", "min_effect: 0", "metric.min_effect"),
        ("entry: python fit.py", "entry: python fitt.py", "fit.py"),
        ("entry: python fit.py", "entry: bash fit.py", "does not exist in the sandbox"),
        (" --seed {seed}", "", "placeholder {seed} is missing"),
        ("--seed {seed}", "--seed {sede}", "unknown placeholder {sede}"),
        ("editable: [fit.py, helper.py]", "editable: [fit.py, ../../etc/passwd]", "leaves the task folder"),
        ("editable: [fit.py, helper.py]", "editable: [fit.py, fit.py]", "listed twice"),
        ("path: items.csv", "path: items.cvs", "no file 'items.cvs'"),
        ("target: y", "target: z", "set 'target' to one of: a, b, c, y"),
        ("metric: {name: rmse, direction: down", "metric: {name: accuracy, direction: up", "y holds values such as"),
        ("train: 60", "train: 600", "the data has 140"),
        ("validation: 30", "validation: 19", "splits.validation: input should be greater than or equal to 20"),
        ("sealed: 30", "sealed: 8", "splits.sealed: input should be greater than or equal to 20"),
        ("smoke: {train: 20", "smoke: {train: 59", "cut from the 60 of training"),
        ("seeds: [1, 2, 3]", "seeds: [1, 2]", "seeds"),
        ("seeds: [1, 2, 3]", "seeds: [1, 2, 3]\nnovelty: maybe", "novelty"),
        ("seeds: [1, 2, 3]", "seeds: [1, 2, 2]", "2 given twice"),
        ("seeds: [1, 2, 3]", "seeds: [1, 2, three]", "seeds"),
        ("limits: {seconds: 10", "limits: {secunds: 10", "secunds"),
        ("limits: {seconds: 10", "limits: {gpus: -1", "limits.gpus"),
        ("limits: {seconds: 10", "limits: {gpu_memory_mb: 100", "says nothing without cards; add 'gpus: 1'"),
    ],
)
def test_a_fault_is_one_line_with_its_key(old: str, new: str, expected: str, tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    assert old in TASK
    (tmp_path / "lines" / "task.yaml").write_text(TASK.replace(old, new))
    with pytest.raises(BadInput) as raised:
        load_task(tmp_path / "lines")
    assert any(expected in fault for fault in raised.value.faults), raised.value.faults
    assert all("\n" not in fault and "task.yaml" in fault for fault in raised.value.faults)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("import numpy\n", "name the files that hold"),
        ("# pelagos: fixed\ndef main():\n    open('x')\n", "pelagos: fixed"),
    ],
)
def test_a_program_in_which_nothing_can_change_is_refused(text: str, mend: str, tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    for name in ("fit.py", "helper.py"):
        (tmp_path / "lines" / name).write_text(text)
    with pytest.raises(BadInput, match=r"editable: nothing in fit\.py, helper\.py can be changed") as raised:
        load_task(tmp_path / "lines")
    assert len(raised.value.faults) == 1
    assert mend in raised.value.faults[0]


def test_novelty_is_a_label_unless_the_task_requires_it(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    assert load_task(tmp_path / "lines").novelty == "label"
    (tmp_path / "lines" / "task.yaml").write_text(f"{TASK}\nnovelty: require\n")
    assert load_task(tmp_path / "lines").novelty == "require"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    text = TASK.replace("direction: down, ", "").replace("fit.py --data", "absent.py --data").replace("3]", "1]")
    (tmp_path / "lines" / "task.yaml").write_text(text)
    with pytest.raises(BadInput) as raised:
        load_task(tmp_path / "lines")
    lines = "\n".join(raised.value.faults)
    assert all(part in lines for part in ("metric.direction", "absent.py", "1 given twice"))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [1,\n", "\x00", "!!python/object:os.system {}\n"])
def test_what_is_no_task_file(text: str, tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    (tmp_path / "lines" / "task.yaml").write_text(text)
    with pytest.raises(BadInput, match=r"task\.yaml"):
        load_task(tmp_path / "lines")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    (tmp_path / "lines" / "helper.py").unlink()
    (tmp_path / "lines" / "helper.py").symlink_to("/etc/hostname")
    with pytest.raises(BadInput, match="symbolic link"):
        load_task(tmp_path / "lines")


def test_shipped_data_need_no_papers(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    path = tmp_path / "lines" / "task.yaml"
    path.write_text(path.read_text().replace("data: {path: items.csv, target: y}", "data: {name: diabetes}"))
    assert load_task(tmp_path / "lines").papers is None


@pytest.mark.parametrize("name", ["digits", "diabetes", "mnist1d"])
def test_shipped_tasks_are_sound(name: str) -> None:
    task = load_task(TASKS / name)
    assert task.name == name
    assert task.digest == load_task(TASKS / name).digest
    assert len(task.seeds) > 8, "judge may buy eight, confirm wants fresh ones"
    assert (task.metric.direction.value == "down") == (name == "diabetes")


def test_labels_that_a_metric_would_take_for_other_classes_are_refused(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    rows = ["a,y", *(f"{i},{1 if i % 2 else -1}" for i in range(140))]
    (tmp_path / "lines" / "items.csv").write_text("\n".join(rows) + "\n")
    text = TASK.replace("name: rmse, direction: down", "name: log_loss, direction: down")
    (tmp_path / "lines" / "task.yaml").write_text(text)
    with pytest.raises(BadInput, match=r"'items\.csv': y has the labels -1, 1; log_loss takes column c for class c"):
        load_task(tmp_path / "lines")
    (tmp_path / "lines" / "task.yaml").write_text(text.replace("log_loss, direction: down", "accuracy, direction: up"))
    assert load_task(tmp_path / "lines").metric.name == "accuracy"


def test_measured_values_of_a_shipped_data_set_are_no_classes(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    text = TASK.replace("{path: items.csv, target: y}", "{name: diabetes}")
    (tmp_path / "lines" / "task.yaml").write_text(text.replace("rmse, direction: down", "accuracy, direction: up"))
    with pytest.raises(BadInput, match="'diabetes' has measured values; use mae or rmse"):
        load_task(tmp_path / "lines")
