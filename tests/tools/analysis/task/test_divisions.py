"""A sample keeps the part that it got first in its project, whatever is edited."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pelagos.errors import BadInput, DamagedRun
from tests.tools.analysis.tables import make_metadata, make_wide, write_csv
from tests.tools.analysis.task.folders import make_task_folder
from tools.analysis.dataset.h5ad import read_dataset, write_dataset
from tools.analysis.task import splits
from tools.analysis.task.analysis_task import load_task
from tools.analysis.task.divisions import open_divisions
from tools.analysis.task.scaffold import scaffold_from_data
from tools.analysis.task.splits import (
    DIVISIONS,
    IDENTITY,
    MANIFEST,
    count_kept,
    holds_sealed_samples,
    identify_samples,
    make_splits,
)

SECRET = b"s" * 32
SAMPLES = 60


def divide(task: Path, project: Path) -> dict[str, Path]:
    loaded = load_task(task)
    return make_splits(loaded, SECRET, project / loaded.digest[:32])


def list_parts(paths: Mapping[str, Path]) -> dict[str, str]:
    return {str(sample): part for part, path in paths.items() for sample in read_dataset(path).obs_names}


def edit(task: Path, **design: object) -> None:
    content = yaml.safe_load((task / "task.yaml").read_text())
    content["design"] |= design
    (task / "task.yaml").write_text(yaml.safe_dump(content))


def add_metadata(task: Path, **columns: list[str]) -> None:
    path = task / "data" / "meta.csv"
    write_csv(pd.read_csv(path).assign(**columns), path)


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return make_task_folder(tmp_path / "task", SAMPLES)


def test_an_edit_of_group_and_batch_moves_no_sample(task: Path, tmp_path: Path) -> None:
    first = divide(task, tmp_path / "data")
    sealed = identify_samples(first)
    edit(task, group="batch", case="2", control="1", batch="treatment")
    second = divide(task, tmp_path / "data")
    assert second["sealed"] != first["sealed"] and list_parts(second) == list_parts(first)
    assert identify_samples(second) == sealed
    assert (count_kept(first), count_kept(second)) == (0, SAMPLES)
    edit(task, batch=None)
    assert list_parts(divide(task, tmp_path / "data")) == list_parts(first)
    elsewhere = divide(task, tmp_path / "other")
    assert list_parts(elsewhere) != list_parts(first)  # a project of its own divides as the design says


def test_of_two_runs_at_once_one_divides(task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def write(data: Any, path: Path) -> None:
        written.append(path)
        write_dataset(data, path)

    monkeypatch.setattr(splits, "write_dataset", write)
    with ThreadPoolExecutor(2) as pool:
        with open_divisions(tmp_path / "data" / DIVISIONS):
            both = [pool.submit(divide, task, tmp_path / "data") for _ in range(2)]
            time.sleep(0.5)  # both wait for the lock
        first, second = (each.result() for each in both)
    assert first == second and len(written) == 3 and count_kept(first) == 0


def test_after_a_kill_the_samples_fall_where_they_did(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(data: Any, path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(splits, "write_dataset", kill)
    with pytest.raises(KeyboardInterrupt):
        divide(task, tmp_path / "data")
    monkeypatch.setattr(splits, "write_dataset", write_dataset)
    assert list_parts(divide(task, tmp_path / "data")) == list_parts(divide(task, tmp_path / "other"))


def test_a_subject_that_joins_samples_of_several_parts_is_refused(task: Path, tmp_path: Path) -> None:
    parts = list_parts(divide(task, tmp_path / "data"))
    looked = next(sample for sample, part in parts.items() if part == "discovery")
    sealed = next(sample for sample, part in parts.items() if part == "sealed")
    add_metadata(task, patient=["p0" if f"S{n:02d}" in (looked, sealed) else f"p{n}" for n in range(1, SAMPLES + 1)])
    edit(task, subject="patient")
    with pytest.raises(BadInput, match="samples of subject p0 were divided before in this project"):
        divide(task, tmp_path / "data")
    assert not (tmp_path / "data" / load_task(task).digest[:32]).exists()


def test_a_subject_within_one_part_is_taken(task: Path, tmp_path: Path) -> None:
    first = list_parts(divide(task, tmp_path / "data"))
    names = [f"S{n:02d}" for n in range(1, SAMPLES + 1)]
    add_metadata(task, patient=[first[name] if first[name] == "sealed" else name for name in names])
    edit(task, subject="patient")
    assert list_parts(divide(task, tmp_path / "data")) == first


def test_new_samples_are_divided_and_the_others_stay(task: Path, tmp_path: Path) -> None:
    first = divide(task, tmp_path / "data")
    parts, sealed = list_parts(first), identify_samples(first)
    write_csv(make_wide(90), task / "data" / "proteins.csv", index=True)
    write_csv(make_metadata(90), task / "data" / "meta.csv")
    longer = divide(task, tmp_path / "data")
    grown = list_parts(longer)
    assert {sample: grown[sample] for sample in parts} == parts
    fresh = pd.Series({sample: part for sample, part in grown.items() if sample not in parts}).value_counts()
    assert (fresh["discovery"], fresh["validation"], fresh["sealed"]) == (12, 10, 8)
    assert identify_samples(longer) == sealed  # the level of the claims is theirs together
    write_csv(make_wide(SAMPLES), task / "data" / "proteins.csv", index=True)
    write_csv(make_metadata(SAMPLES), task / "data" / "meta.csv")
    assert list_parts(divide(task, tmp_path / "data")) == parts


def test_samples_that_were_all_looked_at_are_never_sealed(task: Path, tmp_path: Path) -> None:
    """First a group that is too small to keep any apart, then one that isn't."""
    add_metadata(task, rare=["yes" if n < 10 else "no" for n in range(SAMPLES)])
    edit(task, group="rare", case="yes", control="no")
    assert set(list_parts(divide(task, tmp_path / "data")).values()) == {"discovery"}
    edit(task, group="treatment", case="treated", control="control")
    later = divide(task, tmp_path / "data")
    assert set(list_parts(later).values()) == {"discovery"} and not holds_sealed_samples(later)


def test_rows_without_ids_are_known_in_the_same_table_alone(tmp_path: Path) -> None:
    def write(name: str, columns: list[str]) -> Path:
        values = make_wide(SAMPLES).iloc[:, : len(columns)].set_axis(columns, axis=1).assign(town=["a", "b"] * 30)
        return scaffold_from_data(tmp_path / name, write_csv(values, tmp_path / f"{name}.csv")).folder

    one, other = write("one", ["x", "y"]), write("other", ["v", "w"])
    first = divide(one, tmp_path / "data")
    assert count_kept(divide(other, tmp_path / "data")) == 0
    edit(one, group=None, case=None, control=None)
    again = divide(one, tmp_path / "data")
    assert count_kept(again) == SAMPLES and list_parts(again) == list_parts(first)


def test_studies_that_were_divided_apart_cant_be_joined(task: Path, tmp_path: Path) -> None:
    divide(task, tmp_path / "data")
    wide, meta = make_wide(120), make_metadata(120)
    data = write_csv(wide.iloc[60:], tmp_path / "late.csv", index=True)
    second = scaffold_from_data(tmp_path / "second", data, write_csv(meta.iloc[60:], tmp_path / "late_meta.csv"))
    divide(second.folder, tmp_path / "data")
    both = scaffold_from_data(
        tmp_path / "both",
        write_csv(wide, tmp_path / "all.csv", index=True),
        write_csv(meta, tmp_path / "all_meta.csv"),
    )
    with pytest.raises(BadInput, match="begin a new project for the joined table"):
        divide(both.folder, tmp_path / "data")


def test_what_an_earlier_version_divided_is_taken_over(task: Path, tmp_path: Path) -> None:
    first = divide(task, tmp_path / "data")
    sealed = identify_samples(first)
    for path in (tmp_path / "data" / "divisions").glob("*.json"):
        path.unlink()
    manifest = first["sealed"].parent / MANIFEST
    hashes = {key: value for key, value in json.loads(manifest.read_text()).items() if key in first}
    manifest.write_text(json.dumps(hashes))
    assert identify_samples(first) == sealed and IDENTITY not in hashes
    edit(task, group="batch", case="2", control="1", batch=None)
    later = divide(task, tmp_path / "data")
    assert list_parts(later) == list_parts(first) and identify_samples(later) == sealed


def test_a_division_that_cant_be_read_is_no_reason_to_divide_anew(task: Path, tmp_path: Path) -> None:
    divide(task, tmp_path / "data")
    (path,) = (tmp_path / "data" / "divisions").glob("*.json")
    path.write_text("{")
    edit(task, batch=None)
    with pytest.raises(DamagedRun, match="the first division of this project's samples can't be read"):
        divide(task, tmp_path / "data")
