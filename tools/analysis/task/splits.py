"""Splits the samples into three parts, fixed at the start by a secret: 40 % discovery, 30 % validation, 30 % sealed.

The parts are stratified by group and batch. The samples of one subject stay together. The files lie in the project's
closed folder; one part at a time is bound for an experiment. Where a compared group is so small that a part could show
nothing, all samples are for discovery: what is found there can be suggested, and nothing can be claimed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from memory.files.project_secret import derive_key
from memory.files.whole_folder import write_whole_folder
from pelagos.errors import DamagedRun
from tools.analysis.dataset.h5ad import write_dataset

if TYPE_CHECKING:
    import pandas as pd

    from tools.analysis.design import Design
    from tools.analysis.task.analysis_task import AnalysisTask

PARTS = ("discovery", "validation", "sealed")
ORDER = (0, 1, 2, 0, 1, 2, 0, 1, 2, 0)  # any ten units in a row: four, three and three; any six: two, two and two
MANIFEST = "manifest.json"
LEAST_APART = 15
"""Units of each compared group from which on some are kept apart: six, five and four."""


def make_splits(task: AnalysisTask, secret: bytes, folder: Path) -> dict[str, Path]:
    """Part -> its .h5ad file in `folder`, which is made at the first call and checked at the others.

    `secret`: the project's (`memory.files.project_secret`). Raises BadInput and DamagedRun.
    """
    paths = {part: folder / f"{part}.h5ad" for part in PARTS}
    if not folder.exists():
        _write_parts(task, secret, folder)
    _check_parts(folder, paths)
    return paths


def assign_samples(obs: pd.DataFrame, design: Design, secret: bytes) -> dict[str, list[str]]:
    """Part -> sample ids, in the order of `obs`. Equal samples, design and secret give equal parts."""
    if not keeps_samples_apart(obs, design):
        return {part: [str(sample) for sample in obs.index] if part == PARTS[0] else [] for part in PARTS}
    units = _group_units(obs, design)
    rng = np.random.default_rng(int.from_bytes(derive_key(secret, _identify(obs, design)), "big"))
    shuffled = units.iloc[rng.permutation(len(units))]
    chosen: dict[str, int] = {}
    for _, group in shuffled.groupby("group", sort=True, observed=True):
        ordered = group.sort_values("batch", kind="stable")  # within a batch the random order stays
        chosen |= {unit: ORDER[place % len(ORDER)] for place, unit in enumerate(ordered.index)}
    subjects = _name_units(obs, design)
    return {
        part: [str(sample) for sample, unit in zip(obs.index, subjects, strict=True) if chosen[unit] == number]
        for number, part in enumerate(PARTS)
    }


def keeps_samples_apart(obs: pd.DataFrame, design: Design) -> bool:
    """Whether each compared group, or each half of all units where none is compared, has LEAST_APART units."""
    units = _name_units(obs, design)
    if design.group is None or design.group not in obs:
        return len(set(units)) >= 2 * LEAST_APART
    levels = obs[design.group].astype(str)
    compared = [
        {unit for unit, level in zip(units, levels, strict=True) if level == wanted}
        for wanted in (design.case, design.control)
    ]
    return all(len(found) >= LEAST_APART for found in compared)


def identify_samples(path: Path) -> str:
    """Return what tells the samples of a part from others: the hash of their sorted ids. What a task says about them,
    and how it reads them, changes nothing: the same people are looked at."""
    from tools.analysis.dataset.h5ad import read_dataset

    ids = sorted(str(sample) for sample in read_dataset(path).obs_names)
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()


def _name_units(obs: pd.DataFrame, design: Design) -> list[str]:
    """The unit of each sample: its subject, or the sample itself where it has none."""
    if design.subject is None or design.subject not in obs:
        return [str(sample) for sample in obs.index]
    subjects = obs[design.subject].astype(object)
    return [
        f"sample {sample}" if subject is None or subject != subject else f"subject {subject}"
        for sample, subject in zip(obs.index, subjects, strict=True)
    ]


def _group_units(obs: pd.DataFrame, design: Design) -> pd.DataFrame:
    """One row per unit: the levels of group and batch that its samples have, joined where they differ."""
    import pandas as pd

    rows: dict[str, tuple[set[str], set[str]]] = {}
    columns = [
        obs[name].astype(str) if name in obs else pd.Series("", obs.index) for name in (design.group, design.batch)
    ]
    for unit, group, batch in zip(_name_units(obs, design), *columns, strict=True):
        groups, batches = rows.setdefault(unit, (set(), set()))
        groups.add(str(group))
        batches.add(str(batch))
    table = {unit: (" ".join(sorted(groups)), " ".join(sorted(batches))) for unit, (groups, batches) in rows.items()}
    return pd.DataFrame.from_dict(table, orient="index", columns=["group", "batch"]).sort_index()


def _identify(obs: pd.DataFrame, design: Design) -> str:
    """What determines the parts beside the secret: the samples' ids and what they are stratified by."""
    stratified = [design.group, design.batch, design.subject]
    text = json.dumps(["analysis parts", sorted(str(sample) for sample in obs.index), stratified])
    return hashlib.sha256(text.encode()).hexdigest()


def _write_parts(task: AnalysisTask, secret: bytes, folder: Path) -> None:
    from tools.analysis.task.task_data import open_task_data

    data = open_task_data(task)
    parts = assign_samples(data.obs, task.design, secret)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with write_whole_folder(folder) as fresh:
        for part, samples in parts.items():
            write_dataset(data[samples].copy(), fresh / f"{part}.h5ad")
        hashes = {part: _hash_file(fresh / f"{part}.h5ad") for part in parts}
        (fresh / MANIFEST).write_text(json.dumps(hashes), "utf-8")


def _check_parts(folder: Path, paths: dict[str, Path]) -> None:
    try:
        hashes = json.loads((folder / MANIFEST).read_text("utf-8"))
        changed = [part for part, path in paths.items() if hashes[part] != _hash_file(path)]
    except (OSError, ValueError, KeyError) as error:
        raise DamagedRun(
            f"{folder}: parts can't be read ({error}); remove the folder and they are made again"
        ) from None
    if changed:
        raise DamagedRun(
            f"{folder}: {', '.join(changed)} changed since they were made; remove the folder to remake them"
        )


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
