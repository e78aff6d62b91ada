"""A task's data, made and split outside the sandbox: what an experiment may see and what only the evaluator sees.

Layout below `<project>/.pelagos/data/<key>/` (mode 0700): for each split one folder `inputs/` that is bound for the
experiment, with train.npz (X, y) and inputs.npz (X), and one folder `labels/` for the evaluator, with labels.npz (y).
Items are shuffled with the project's secret, so that a program that has the public data can't tell which they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from memory.hidden import NAME, SECRET, hidden
from pelagos.errors import BadInput, DamagedRun
from pelagos.nouns import Split
from sandbox.labels import CLASSES
from tools.code.data_sources import items
from tools.code.task import CodeTask

Array = np.ndarray[Any, Any]
_FORMAT = 1
SPLITS: tuple[Split, ...] = ("smoke", "validation", "sealed")
FILES = ("inputs/train.npz", "inputs/inputs.npz", "labels/labels.npz")


@dataclass(frozen=True)
class SplitData:
    """`inputs`: folder to bind read-only for the experiment. `labels`: file for the evaluator alone, n items."""

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
    """Make the task's data in `project`, or find and verify what is there.

    Raises BadInput (the data file), MissingPart (a package) and DamagedRun (the made data was changed).
    """
    seed = derive(secret(project), _identity(task))
    home = hidden(project) / "data"
    folder = home / seed[:16].hex()
    if not folder.exists():
        home.mkdir(mode=0o700, exist_ok=True)
        _make(task, seed, folder)
    return _open(folder)


def has_secret(project: Path) -> bool:
    return (project / NAME / SECRET).exists()


def secret(project: Path) -> bytes:
    """The project's 32 secret bytes, made at the first call; readable by the owner only."""
    path = hidden(project) / SECRET
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):  # another process was first: its secret holds
                os.link(fresh, path)
        finally:
            Path(fresh).unlink()
    try:
        return bytes.fromhex(path.read_text("ascii"))
    except ValueError:
        raise BadInput(
            f"{path}: not the secret that Pelagos wrote; remove it and the folder 'data' beside it"
        ) from None


def derive(secret: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, which tell nothing about the secret or another purpose."""
    return hashlib.blake2b(purpose.encode(), key=secret, digest_size=32).digest()


def split_items(n: int, sizes: Mapping[str, int], seed: bytes) -> dict[str, Array]:
    """Disjoint random item numbers (size,) int64 of 0..n-1 for each name of `sizes`."""
    order = np.random.default_rng(int.from_bytes(seed, "big")).permutation(n)
    ends = np.cumsum(list(sizes.values()))
    if ends[-1] > n:
        raise BadInput(f"splits: {ends[-1]} items asked for, the data has {n}; lower the sizes")
    return dict(zip(sizes, np.split(order[: ends[-1]], ends[:-1]), strict=True))


def spread(y: Array, classes: bool) -> Array:
    """An order of the items (n,) in which every class comes early: a tiny cut then holds as many classes as it can."""
    if not classes:
        return np.arange(len(y))
    turn = np.zeros(len(y), dtype=np.int64)
    for label in np.unique(y):
        turn[y == label] = np.arange(np.count_nonzero(y == label))
    return np.argsort(turn, kind="stable")


def _identity(task: CodeTask) -> str:
    """All that determines the data but the secret: an edit of the program leaves them as they are."""
    spec = task.spec
    path = spec.data.path
    content = "" if path is None else hashlib.sha256((task.folder / path).read_bytes()).hexdigest()
    sizes = [spec.splits.model_dump(), spec.smoke.train, spec.smoke.validation]
    return json.dumps([_FORMAT, spec.data.model_dump(), content, sizes], sort_keys=True)


def _make(task: CodeTask, seed: bytes, folder: Path) -> None:
    """Written beside and renamed: a kill leaves no half-made folder behind."""
    sizes = task.splits.model_dump()
    x, y = items(task.data, task.folder, sum(sizes.values()), derive(seed, "items"))
    chosen = split_items(len(y), sizes, derive(seed, "split"))
    fresh = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        _write_splits(task, x, y, chosen, fresh)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was first: its data are the same
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_splits(task: CodeTask, x: Array, y: Array, chosen: Mapping[str, Array], folder: Path) -> None:
    train = chosen["train"]
    order = train[spread(y[train], y.dtype.kind == "i")]
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
    """Raises BadInput where a split that is to be told apart has one class only."""
    if task.spec.metric.evaluator is not None or task.metric.name not in CLASSES:
        return
    for name, numbers in chosen.items():
        if len(np.unique(y[numbers])) < 2:
            what = f"all {len(numbers)} items have the label {y[numbers][0]}, {task.metric.name} tells classes apart"
            raise BadInput(f"task {task.name}: splits.{name}: {what}; ask for more or add some of the rarer class")


def _write_split(folder: Path, x: Array, y: Array, train: Array, scored: Array) -> tuple[str, int]:
    for part in ("inputs", "labels"):
        (folder / part).mkdir(parents=True)
        (folder / part).chmod(0o755)  # a sandbox's user can read it once it is bound; the folder above is closed
    np.savez(folder / "inputs" / "train.npz", X=x[train], y=y[train])
    np.savez(folder / "inputs" / "inputs.npz", X=x[scored])
    np.savez(folder / "labels" / "labels.npz", y=y[scored])
    for file in folder.glob("*/*.npz"):
        file.chmod(0o644)
    return digest_of(folder), len(scored)


def digest_of(source: Path | Mapping[str, Mapping[str, Array]], names: Sequence[str] = FILES) -> str:
    """Over the arrays of a split's folder, or of what will be written there, not over the containers' bytes."""
    digest = hashlib.sha256()
    for name in names:
        arrays = _read_arrays(source / name) if isinstance(source, Path) else source[name]
        for key in sorted(arrays):
            array = arrays[key]
            digest.update(f"{name} {key} {array.dtype} {array.shape}\n".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


def inputs_digest(split: SplitData) -> str:
    """Of what an experiment is shown, as it lies there now. Raises DamagedRun."""
    try:
        return digest_of(split.inputs.parent, FILES[:2])
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{split.inputs}: data can't be read: {error}") from None


def _read_arrays(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _open(folder: Path) -> TaskData:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        found = {split: digest_of(folder / split) for split in SPLITS}
        changed = [split for split in SPLITS if manifest[split][0] != found[split]]
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
        for split, digest in found.items()
    }
    return TaskData(folder, splits)
