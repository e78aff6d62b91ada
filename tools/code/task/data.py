"""Makes and splits a task's data outside the sandbox: inputs for the experiment, labels for the evaluator alone.

Layout below `<project>/.pelagos/data/<key>/` (mode 0700): each split has a folder `inputs/` that is bound for the
experiment, with train.npz (X, y) and inputs.npz (X), and a folder `labels/` for the evaluator, with labels.npz (y).
Items are shuffled with the project's secret, so that a program that has the public data can't identify them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from memory.files.project_folder import project_folder
from memory.files.project_secret import derive_key, read_secret
from memory.files.whole_folder import write_whole_folder
from pelagos.errors import BadInput, DamagedRun
from pelagos.nouns import Split
from sandbox.evaluation.labels import CLASSES
from tools.code.task.code_task import CodeTask
from tools.code.task.data_sources import load_items

Array = np.ndarray[Any, Any]
_FORMAT = 1
SPLITS: tuple[Split, ...] = ("smoke", "validation", "sealed")
FILES = ("inputs/train.npz", "inputs/inputs.npz", "labels/labels.npz")


@dataclass(frozen=True)
class SplitData:
    """`inputs` is the folder that is bound read-only for the experiment; `labels` the file for the evaluator alone; `n`
    the number of scored items."""

    inputs: Path
    labels: Path
    n: int
    digest: str


@dataclass(frozen=True)
class TaskData:
    folder: Path
    splits: Mapping[Split, SplitData]

    def __getitem__(self, split: Split) -> SplitData:
        return self.splits[split]


def prepare_data(task: CodeTask, project: Path) -> TaskData:
    """Make the task's data in `project`, or verify the existing data.

    Raises BadInput (the data file), MissingPart (a package) and DamagedRun (existing data was changed).
    """
    seed = derive_key(read_secret(project), _data_identity(task))
    home = project_folder(project) / "data"
    folder = home / seed[:16].hex()
    if not folder.exists():
        home.mkdir(mode=0o700, exist_ok=True)
        _make_data(task, seed, folder)
    return _open_data(folder)


def split_items(n: int, sizes: Mapping[str, int], seed: bytes) -> dict[str, Array]:
    """Disjoint random item indices (size,) int64 in 0..n-1 for each name in `sizes`. Raises BadInput."""
    order = np.random.default_rng(int.from_bytes(seed, "big")).permutation(n)
    ends = np.cumsum(list(sizes.values()))
    if ends[-1] > n:
        raise BadInput(f"splits: {ends[-1]} items asked for, the data has {n}; lower the sizes")
    return dict(zip(sizes, np.split(order[: ends[-1]], ends[:-1]), strict=True))


def interleave_classes(y: Array, classes: bool) -> Array:
    """A permutation of the items (n,) that alternates the classes, so that a small prefix has as many as possible."""
    if not classes:
        return np.arange(len(y))
    turn = np.zeros(len(y), dtype=np.int64)
    for label in np.unique(y):
        turn[y == label] = np.arange(np.count_nonzero(y == label))
    return np.argsort(turn, kind="stable")


def _data_identity(task: CodeTask) -> str:
    """All that determines the data except the secret. An edit of the program does not change it."""
    spec = task.spec
    path = spec.data.path
    content = "" if path is None else hashlib.sha256((task.folder / path).read_bytes()).hexdigest()
    sizes = [spec.splits.model_dump(), spec.smoke.train, spec.smoke.validation]
    return json.dumps([_FORMAT, spec.data.model_dump(), content, sizes], sort_keys=True)


def _make_data(task: CodeTask, seed: bytes, folder: Path) -> None:
    sizes = task.splits.model_dump()
    x, y = load_items(task.data, task.folder, sum(sizes.values()), derive_key(seed, "items"))
    chosen = split_items(len(y), sizes, derive_key(seed, "split"))
    with write_whole_folder(folder) as fresh:
        _write_splits(task, x, y, chosen, fresh)


def _write_splits(task: CodeTask, x: Array, y: Array, chosen: Mapping[str, Array], folder: Path) -> None:
    train = chosen["train"]
    order = train[interleave_classes(y[train], y.dtype.kind == "i")]
    _check_classes(task, y, chosen)
    tiny, rest = np.split(order[: task.smoke.train + task.smoke.validation], [task.smoke.train])
    parts = {
        "smoke": (tiny, rest),
        "validation": (train, chosen["validation"]),
        "sealed": (train, chosen["sealed"]),
    }
    digests = {name: _write_split(folder / name, x, y, *numbers) for name, numbers in parts.items()}
    (folder / "manifest.json").write_text(json.dumps({name: [d, n] for name, (d, n) in digests.items()}))


def _check_classes(task: CodeTask, y: Array, chosen: Mapping[str, Array]) -> None:
    """Raises BadInput if a split has only one class and the metric compares classes."""
    if task.spec.metric.evaluator is not None or task.metric.name not in CLASSES:
        return
    for name, numbers in chosen.items():
        if len(np.unique(y[numbers])) < 2:
            what = f"all {len(numbers)} items have the label {y[numbers][0]}, {task.metric.name} tells classes apart"
            raise BadInput(f"task {task.name}: splits.{name}: {what}; ask for more or add some of the rarer class")


def _write_split(folder: Path, x: Array, y: Array, train: Array, scored: Array) -> tuple[str, int]:
    for part in ("inputs", "labels"):
        (folder / part).mkdir(parents=True)
        (folder / part).chmod(0o755)  # readable by the sandbox's user once bound; the parent folder is closed
    np.savez(folder / "inputs" / "train.npz", X=x[train], y=y[train])
    np.savez(folder / "inputs" / "inputs.npz", X=x[scored])
    np.savez(folder / "labels" / "labels.npz", y=y[scored])
    for file in folder.glob("*/*.npz"):
        file.chmod(0o644)
    return digest_arrays(folder), len(scored)


def digest_arrays(source: Path | Mapping[str, Mapping[str, Array]], names: Sequence[str] = FILES) -> str:
    """SHA-256 over the arrays in a split's folder, or over arrays to be written there; not over the files' bytes."""
    digest = hashlib.sha256()
    for name in names:
        arrays = _read_arrays(source / name) if isinstance(source, Path) else source[name]
        for key in sorted(arrays):
            array = arrays[key]
            digest.update(f"{name} {key} {array.dtype} {array.shape}\n".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


def digest_inputs(split: SplitData) -> str:
    """The digest of the inputs that an experiment sees, from the files as they are now. Raises DamagedRun."""
    try:
        return digest_arrays(split.inputs.parent, FILES[:2])
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{split.inputs}: data can't be read: {error}") from None


def _read_arrays(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _open_data(folder: Path) -> TaskData:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        digests = {split: digest_arrays(folder / split) for split in SPLITS}
        changed = [split for split in SPLITS if manifest[split][0] != digests[split]]
    except (OSError, ValueError, KeyError) as error:
        raise DamagedRun(f"{folder}: data can't be read ({error}); remove the folder and they are made again") from None
    if changed:
        raise DamagedRun(
            f"{folder}: {', '.join(changed)} changed since they were made; remove the folder to remake them"
        )
    splits = {
        split: SplitData(
            folder / split / "inputs", folder / split / "labels" / "labels.npz", manifest[split][1], digest
        )
        for split, digest in digests.items()
    }
    return TaskData(folder, splits)
