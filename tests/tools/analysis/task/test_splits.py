"""Three parts, fixed by a secret: stratified, pairs together, the same again, and checked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pelagos.errors import DamagedRun
from tests.tools.analysis.task.folders import make_task_folder
from tools.analysis.dataset.h5ad import read_dataset, read_states
from tools.analysis.design import Design
from tools.analysis.task.analysis_task import load_task
from tools.analysis.task.splits import PARTS, assign_samples, make_splits

SECRET = b"s" * 32
DESIGN = Design(group="group", case="case", control="control", batch="site")


def make_obs(per_cell: int = 10) -> pd.DataFrame:
    rows = [(group, site) for group in ("case", "control") for site in ("a", "b", "c") for _ in range(per_cell)]
    return pd.DataFrame(rows, columns=["group", "site"], index=[f"s{n}" for n in range(len(rows))])


def test_parts_hold_their_shares_of_every_group_and_site() -> None:
    obs = make_obs()
    parts = assign_samples(obs, DESIGN, SECRET)
    assert sorted(name for part in parts.values() for name in part) == sorted(obs.index)
    for part, share in zip(PARTS, (4, 3, 3), strict=True):
        counts = obs.loc[parts[part]].value_counts()
        assert len(counts) == 6 and set(counts) == {share}


def test_the_smallest_groups_have_two_samples_in_each_part() -> None:
    parts = assign_samples(make_obs(2), DESIGN, SECRET)
    for names in parts.values():
        assert set(make_obs(2).loc[names, "group"].value_counts()) == {2}


def test_the_secret_and_nothing_else_decides() -> None:
    obs = make_obs()
    assert assign_samples(obs, DESIGN, SECRET) == assign_samples(obs, DESIGN, SECRET)
    assert assign_samples(obs, DESIGN, SECRET) != assign_samples(obs, DESIGN, b"t" * 32)
    turned = assign_samples(obs.iloc[::-1], DESIGN, SECRET)
    assert {part: set(names) for part, names in turned.items()} == {
        part: set(names) for part, names in assign_samples(obs, DESIGN, SECRET).items()
    }


def test_samples_of_one_subject_stay_together() -> None:
    obs = make_obs().assign(patient=[f"p{n % 30}" for n in range(60)])
    parts = assign_samples(obs, DESIGN.model_copy(update={"subject": "patient"}), SECRET)
    patients = [set(obs.loc[names, "patient"]) for names in parts.values()]
    assert not (patients[0] & patients[1] or patients[0] & patients[2] or patients[1] & patients[2])
    assert [len(each) for each in patients] == [12, 9, 9]


def test_samples_without_group_or_subject_are_units_of_their_own() -> None:
    obs = make_obs().assign(patient=None)
    obs.loc[obs.index[:5], "group"] = None
    parts = assign_samples(obs, DESIGN.model_copy(update={"subject": "patient"}), SECRET)
    assert sum(len(names) for names in parts.values()) == 60


def test_files_are_made_once_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    task = load_task(make_task_folder(tmp_path / "task"))
    paths = make_splits(task, SECRET, tmp_path / "project" / "parts")
    sizes = {part: read_dataset(path).n_obs for part, path in paths.items()}
    assert sum(sizes.values()) == 24 and sizes["discovery"] > sizes["sealed"] >= 6
    assert read_states(read_dataset(paths["sealed"])) == ["raw"]
    stamp = paths["sealed"].stat().st_mtime_ns
    assert make_splits(task, SECRET, tmp_path / "project" / "parts")["sealed"].stat().st_mtime_ns == stamp
    paths["sealed"].write_bytes(paths["discovery"].read_bytes())
    with pytest.raises(DamagedRun, match="sealed changed since they were made"):
        make_splits(task, SECRET, tmp_path / "project" / "parts")
