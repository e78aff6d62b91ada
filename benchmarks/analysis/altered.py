"""Tasks made of a shipped one: the group permuted within the batch, and a shift planted in five proteins of one set."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from memory.files.project_folder import FOLDER_NAME, SECRET_FILE
from tools import registry
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.inside.permutation import permute_labels
from tools.analysis.task.analysis_task import AnalysisTask, load_task
from tools.analysis.task.task_data import open_task_data

if TYPE_CHECKING:
    from anndata import AnnData

PLANTED, SHIFT, LEAST_PRESENT = 5, 1.0, 0.8
LEAST_SET, MOST_SET = 5, 15


@dataclass(frozen=True)
class Plant:
    """A set and those of its members that were shifted, by symbol and by feature id."""

    set: str
    features: Mapping[str, str]


def write_altered(source: str, folder: Path, seed: int, planted: bool) -> Plant | None:
    """Write the task `source` to `folder` with its group permuted within the batch. What the group was defined from and
    numeric outcomes are left out, so that each hypothesis is about the permuted group."""
    task = load_task(registry.find_task(source))
    assert task.design.group
    data = open_task_data(task)
    permute_labels(data.obs, task.design.group, task.design.batch, seed, ())
    plant = plant_shift(data, task) if planted else None
    folder.mkdir(parents=True, exist_ok=True)
    write_dataset(data, folder / "data.h5ad")
    raw: dict[str, Any] = yaml.safe_load((task.folder / "task.yaml").read_text("utf-8"))
    raw["data"] = {"path": "data.h5ad", "format": "h5ad", "scale": "raw"}
    raw["design"] |= {"numeric": [], "defines_group": [], "guesses": []}
    raw["name"] = f"{raw['name']}-{'planted' if planted else 'null'}-{seed}"
    (folder / "task.yaml").write_text(yaml.safe_dump(raw, sort_keys=False), "utf-8")
    return plant


def plant_shift(data: AnnData, task: AnalysisTask) -> Plant:
    """Double the raw intensities (+1 log2) of five members of one set in the cases."""
    assert task.gene_sets is not None
    plant = choose_plant(list_present(data), read_sets(task.gene_sets))
    cases = (data.obs[task.design.group] == task.design.case).to_numpy(dtype=bool)
    for feature in plant.features.values():
        place = data.var_names.get_loc(feature)
        data.X[cases, place] = data.X[cases, place] * 2**SHIFT
    return plant


def list_present(data: AnnData) -> dict[str, str]:
    """Symbol -> feature id of what is measured in four samples of five; the first feature of a symbol counts."""
    shares = data.to_df().notna().mean()
    present: dict[str, str] = {}
    for feature, name in data.var["name"].astype(str).items():
        if shares[feature] >= LEAST_PRESENT:
            present.setdefault(name, str(feature))
    return present


def choose_plant(present: Mapping[str, str], sets: Mapping[str, Sequence[str]]) -> Plant:
    """The first set by name with 5 to 15 measured members, and the first five of these by symbol."""
    for name in sorted(sets):
        members = sorted(set(sets[name]) & set(present))
        if LEAST_SET <= len(members) <= MOST_SET:
            return Plant(name, {member: present[member] for member in members[:PLANTED]})
    raise ValueError("no set has five measured members")


def read_sets(path: Path) -> dict[str, list[str]]:
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return {row[0]: row[2:] for row in rows}


def fix_secret(project: Path, seed: int) -> None:
    """Write the project's secret, from which the splits are drawn, so that a second run has the same ones."""
    path = project / FOLDER_NAME / SECRET_FILE
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(f"{zlib.crc32(f'bench {seed}'.encode()):064x}", "ascii")
