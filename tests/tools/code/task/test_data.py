"""Tests that splits are disjoint and secret, that inputs hold no scored labels, and that changes are detected."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.files.project_secret import derive_key, read_secret
from pelagos.errors import BadInput, DamagedRun
from tools.code.task.code_task import CodeTask, load_task
from tools.code.task.data import prepare_data, split_items
from tools.code.task.data_sources import load_items

TASKS = Path(__file__).parents[4] / "tasks"


@settings(deadline=None)
@given(
    st.integers(3, 200).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(1, n - 2), st.binary(min_size=32, max_size=32))
    )
)
def test_splits_are_disjoint_and_all_there(drawn: tuple[int, int, bytes]) -> None:
    n, train, seed = drawn
    sizes = {"train": train, "validation": 1, "sealed": n - train - 1}
    indices = split_items(n, sizes, seed)
    assert {name: len(numbers) for name, numbers in indices.items()} == sizes
    assert sorted(np.concatenate(list(indices.values()))) == list(range(n))
    again = split_items(n, sizes, seed)
    assert all(np.array_equal(indices[name], again[name]) for name in sizes)


def test_more_items_than_there_are() -> None:
    with pytest.raises(BadInput, match="the data has 3"):
        split_items(3, {"train": 4}, bytes(32))


def test_the_experiments_folder_holds_no_label_of_what_is_scored(task: CodeTask, tmp_path: Path) -> None:
    data = prepare_data(task, tmp_path)
    for name in ("smoke", "validation", "sealed"):
        split = data[name]  # type: ignore[index]
        assert sorted(path.name for path in split.inputs.rglob("*")) == ["inputs.npz", "train.npz"]
        with np.load(split.inputs / "inputs.npz") as archive:
            assert archive.files == ["X"]
            assert len(archive["X"]) == split.n
        assert split.inputs not in split.labels.parents
        with np.load(split.labels) as archive:
            assert archive["y"].shape == (split.n,)
    assert (tmp_path / ".pelagos" / "data").stat().st_mode & 0o077 == 0
    assert (tmp_path / ".pelagos" / "secret").stat().st_mode & 0o077 == 0


def test_another_project_has_another_split(task: CodeTask, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = prepare_data(task, tmp_path / "a"), prepare_data(task, tmp_path / "b")
    assert first["validation"].digest != second["validation"].digest
    assert prepare_data(task, tmp_path / "a")["validation"] == first["validation"]
    assert derive_key(read_secret(tmp_path / "a"), "x") != derive_key(read_secret(tmp_path / "a"), "y")


@pytest.mark.parametrize("place", ["inputs/train.npz", "inputs/inputs.npz", "labels/labels.npz"])
def test_changed_data_are_noticed(place: str, task: CodeTask, tmp_path: Path) -> None:
    data = prepare_data(task, tmp_path)
    path = data.folder / "sealed" / place
    with np.load(path) as archive:
        np.savez(path, **{name: archive[name] + 1 for name in archive.files})
    with pytest.raises(DamagedRun, match="sealed changed"):
        prepare_data(task, tmp_path)


def test_a_broken_secret_is_one_line(task: CodeTask, tmp_path: Path) -> None:
    prepare_data(task, tmp_path)
    (tmp_path / ".pelagos" / "secret").write_text("oops")
    with pytest.raises(BadInput, match="not the secret that Pelagos wrote"):
        prepare_data(task, tmp_path)


@dataclasses.dataclass
class File:
    path: str
    target: str | None = "y"
    name: str | None = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b,y\n1,2,3\n4,5\n", "line 3: 2 fields under 3 columns"),
        ("a,b,y\n1,2,3\n4,five,6\n", "line 3: b 'five' is not a number"),
        ("a,b,z\n1,2,3\n", "target 'y' is no column"),
        ("a,b,y\n", "no rows"),
        ("a,b,y\n1,nan,3\n", "NaN or infinite"),
        ("", "no column"),
    ],
)
def test_bad_csv_is_one_line(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(text)
    with pytest.raises(BadInput, match=expected):
        load_items(File("items.csv"), tmp_path, 1, bytes(32))


def test_bad_npz_is_one_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "lacks.npz", X=np.ones((3, 2)))
    np.savez(tmp_path / "objects.npz", X=np.ones((2, 1)), y=np.array(["a", None], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "words.npz", X=np.ones((2, 1)), y=np.array(["a", "b"]))
    (tmp_path / "text.npz").write_text("no archive")
    expected = {"lacks": "lacks an array", "objects": "plain .npz", "words": "save numbers", "text": "plain .npz"}
    for name, part in expected.items():
        with pytest.raises(BadInput, match=part):
            load_items(File(f"{name}.npz"), tmp_path, 1, bytes(32))


def test_mnist1d_follows_its_secret_and_leaves_numpy_alone() -> None:
    pytest.importorskip("mnist1d", reason="mnist1d is not installed: pip install 'pelagos[code]'")
    source = load_task(TASKS / "mnist1d").data
    np.random.seed(7)
    expected = np.random.rand()
    np.random.seed(7)
    first, second = (load_items(source, TASKS, 30, bytes([number]) * 32) for number in (1, 2))
    assert np.random.rand() == expected
    assert first[0].shape == (30, 40)
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(first[0], load_items(source, TASKS, 30, bytes([1]) * 32)[0])


def test_a_split_of_one_class_is_refused_before_the_run(task: CodeTask, tmp_path: Path) -> None:
    rows = ["a,y", *(f"{i},{int(i == 7 or i == 9)}" for i in range(140))]
    (task.folder / "items.csv").write_text("\n".join(rows) + "\n")
    text = (task.folder / "task.yaml").read_text()
    (task.folder / "task.yaml").write_text(text.replace("rmse, direction: down", "accuracy, direction: up"))
    with pytest.raises(BadInput, match=r"splits\.\w+: all \d+ items have the label 0, accuracy tells classes apart"):
        prepare_data(load_task(task.folder), tmp_path)
