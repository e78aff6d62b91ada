"""Splits the samples into three parts, fixed at the start by a secret: 40 % discovery, 30 % validation, 30 % sealed.

The parts are stratified by group and batch. The samples of one subject stay together. A sample keeps the part that it
got first in its project (`divisions.py`), whatever is edited; new samples are divided among themselves. The files lie
in the project's closed folder; one part at a time is bound for an experiment. Where a compared group is so small that a
part could show nothing, all samples are for discovery: what is found can be suggested, and nothing can be claimed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from memory.artifacts import hash_file
from memory.files.project_secret import derive_key
from memory.files.whole_folder import write_whole_folder
from pelagos.errors import BadInput, DamagedRun
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.task.divisions import Divisions, hash_samples, open_divisions

if TYPE_CHECKING:
    import pandas as pd

    from tools.analysis.design import Design
    from tools.analysis.task.analysis_task import AnalysisTask

PARTS = ("discovery", "validation", "sealed")
ORDER = (0, 1, 2, 0, 1, 2, 0, 1, 2, 0)  # any ten units in a row: four, three and three; any six: two, two and two
MANIFEST, DIVISIONS = "manifest.json", "divisions"
IDENTITY, KEPT = "sealed samples", "samples with a part before"
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


def assign_samples(
    obs: pd.DataFrame, design: Design, secret: bytes, known: Mapping[str, str] = MappingProxyType({})
) -> dict[str, list[str]]:
    """Part -> sample ids, in the order of `obs`. Equal samples, design and secret give equal parts. `known` are samples
    that have a part already. Raises BadInput where samples of one subject have different ones."""
    subjects = _name_units(obs, design)
    chosen = _find_known_units(obs, subjects, known)
    chosen |= _divide_units(obs[[unit not in chosen for unit in subjects]], obs, design, secret)
    return {
        part: [str(sample) for sample, unit in zip(obs.index, subjects, strict=True) if chosen[unit] == part]
        for part in PARTS
    }


def _find_known_units(obs: pd.DataFrame, units: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Unit -> part, of the units with a sample that has one."""
    found: dict[str, str] = {}
    for sample, unit in zip(map(str, obs.index), units, strict=True):
        part = known.get(sample)
        if part is not None and found.setdefault(unit, part) != part:
            raise BadInput(
                f"design.subject: samples of {unit} were divided before in this project, into {found[unit]} and "
                f"{part}: once looked at, they can't be joined; name the subject in a new project"
            )
    return found


def _divide_units(new: pd.DataFrame, obs: pd.DataFrame, design: Design, secret: bytes) -> dict[str, str]:
    """Unit -> part, of units without one."""
    if not keeps_samples_apart(obs, design):
        return dict.fromkeys(_name_units(new, design), PARTS[0])
    units = _group_units(new, design)
    rng = np.random.default_rng(int.from_bytes(derive_key(secret, _identify(obs, design)), "big"))
    shuffled = units.iloc[rng.permutation(len(units))]
    chosen: dict[str, str] = {}
    for _, group in shuffled.groupby("group", sort=True, observed=True):
        ordered = group.sort_values("batch", kind="stable")  # within a batch the random order stays
        chosen |= {unit: PARTS[ORDER[place % len(ORDER)]] for place, unit in enumerate(ordered.index)}
    return chosen


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


def identify_samples(paths: Mapping[str, Path]) -> str:
    """Return what tells the sealed samples from others: the hash of the ids of those that were sealed first in their
    project. What a task says about them, how it reads them and which others came later changes nothing."""
    from tools.analysis.dataset.h5ad import read_dataset

    manifest = json.loads((paths["sealed"].parent / MANIFEST).read_text("utf-8"))
    return str(manifest.get(IDENTITY) or hash_samples([str(name) for name in read_dataset(paths["sealed"]).obs_names]))


def count_kept(paths: Mapping[str, Path]) -> int:
    """Return how many samples had their part before the task was what it is."""
    return int(json.loads((paths["sealed"].parent / MANIFEST).read_text("utf-8")).get(KEPT, 0))


def holds_sealed_samples(paths: Mapping[str, Path]) -> bool:
    """Whether each part has samples: none are sealed where all were looked at before the groups were named."""
    from tools.analysis.dataset.h5ad import read_dataset

    return all(read_dataset(path).n_obs for path in paths.values())


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
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_divisions(folder.parent / DIVISIONS) as divisions:
        if folder.exists():  # another process was first
            return
        _take_over_former(folder.parent, divisions)
        known = divisions.find(data)
        parts = assign_samples(data.obs, task.design, secret, known.parts)
        division = known.extend({sample: part for part, samples in parts.items() for sample in samples})
        divisions.save(division)
        kept = len(known.parts.keys() & set(map(str, data.obs_names)))
        with write_whole_folder(folder) as fresh:
            for part, samples in parts.items():
                write_dataset(data[samples].copy(), fresh / f"{part}.h5ad")
            hashes = {part: hash_file(fresh / f"{part}.h5ad") for part in parts}
            (fresh / MANIFEST).write_text(json.dumps({**hashes, IDENTITY: division.sealed, KEPT: kept}), "utf-8")


def _take_over_former(folder: Path, divisions: Divisions) -> None:
    """Take over what an earlier version divided, the oldest first: it wrote no division."""
    from tools.analysis.dataset.h5ad import read_dataset

    manifests = [path for path in folder.glob(f"*/{MANIFEST}") if (path.parent / f"{PARTS[0]}.h5ad").is_file()]
    for path in sorted(manifests, key=lambda path: path.stat().st_mtime):
        if IDENTITY not in json.loads(path.read_text("utf-8")):
            data = {part: read_dataset(path.parent / f"{part}.h5ad") for part in PARTS}
            parts = {str(sample): part for part, each in data.items() for sample in each.obs_names}
            divisions.save(divisions.find(data[PARTS[0]]).extend(parts))


def _check_parts(folder: Path, paths: dict[str, Path]) -> None:
    try:
        hashes = json.loads((folder / MANIFEST).read_text("utf-8"))
        changed = [part for part, path in paths.items() if hashes[part] != hash_file(path)]
    except (OSError, ValueError, KeyError) as error:
        raise DamagedRun(
            f"{folder}: parts can't be read ({error}); remove the folder and they are made again"
        ) from None
    if changed:
        raise DamagedRun(
            f"{folder}: {', '.join(changed)} changed since they were made; remove the folder to remake them"
        )
