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
from tools.analysis.task.divisions import hash_samples
from tools.analysis.task.splits import PARTS, assign_samples, identify_samples, keeps_samples_apart, make_splits

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


def test_the_smallest_groups_that_are_divided_have_some_samples_in_each_part() -> None:
    obs = make_obs(5)
    parts = assign_samples(obs, DESIGN, SECRET)
    assert [min(obs.loc[names, "group"].value_counts()) for names in parts.values()] == [6, 5, 4]


def test_of_small_groups_no_samples_are_kept_apart() -> None:
    obs = make_obs(5).iloc[1:]
    assert not keeps_samples_apart(obs, DESIGN)
    assert assign_samples(obs, DESIGN, SECRET) == {"discovery": list(obs.index), "validation": [], "sealed": []}


def test_pairs_count_once_in_each_group() -> None:
    visits = [(f"p{n}", visit) for n in range(15) for visit in ("case", "control")]
    obs = pd.DataFrame(visits, columns=["patient", "group"], index=[f"s{n}" for n in range(30)]).assign(site="a")
    design = DESIGN.model_copy(update={"subject": "patient"})
    assert keeps_samples_apart(obs, design)
    assert not keeps_samples_apart(obs.iloc[2:], design)


def test_sealed_samples_are_known_again_whatever_the_task_says_of_them(tmp_path: Path) -> None:
    folders = [make_task_folder(tmp_path / name, 40) for name in ("one", "two")]
    (folders[1] / "task.yaml").write_text((folders[1] / "task.yaml").read_text().replace("topic:", "topic: Other"))
    parts = [make_splits(load_task(folder), SECRET, folder / "parts") for folder in folders]
    sealed = [identify_samples(each) for each in parts]
    assert sealed[0] == sealed[1] == hash_samples(list(read_dataset(parts[0]["sealed"]).obs_names))


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
    task = load_task(make_task_folder(tmp_path / "task", 40))
    paths = make_splits(task, SECRET, tmp_path / "project" / "parts")
    sizes = {part: read_dataset(path).n_obs for part, path in paths.items()}
    assert sum(sizes.values()) == 40 and sizes["discovery"] > sizes["sealed"] >= 10
    assert read_states(read_dataset(paths["sealed"])) == ["raw"]
    stamp = paths["sealed"].stat().st_mtime_ns
    assert make_splits(task, SECRET, tmp_path / "project" / "parts")["sealed"].stat().st_mtime_ns == stamp
    paths["sealed"].write_bytes(paths["discovery"].read_bytes())
    with pytest.raises(DamagedRun, match="sealed changed since they were made"):
        make_splits(task, SECRET, tmp_path / "project" / "parts")
