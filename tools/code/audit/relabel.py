"""A control's data: every training label is wrong, but as easy to learn as before; the labels to predict likewise.

Classes are renamed along one cycle through all of them, drawn from the secret; values change places with those of the
opposite rank. A program that learns from what it is given learns the wrong labels as well as it did the right ones. A
plain shuffle would leave nothing to learn: what honest programs then do is luck, on few items even a good score.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pelagos.errors import DamagedRun
from tools.code.data import SplitData, TaskData, derive, digest_of
from tools.code.task_file import REGRESSION

Array = np.ndarray[Any, Any]
MOST_CLASSES = 50


def control(data: TaskData, metric: str) -> SplitData:
    """The validation split relabelled, made once below the task's data. Raises DamagedRun where it was changed."""
    validation, folder = data["validation"], data.folder / "control"
    x, y = _arrays(validation.inputs / "train.npz", "X", "y")
    (asked,) = _arrays(validation.inputs / "inputs.npz", "X")
    (truth,) = _arrays(validation.labels, "y")
    secret = derive(data.folder.name.encode(), validation.digest)
    wrong = relabelling(np.concatenate([y, truth]), y, metric, secret)
    content = {
        "inputs/train.npz": {"X": x, "y": wrong(y)},
        "inputs/inputs.npz": {"X": asked},
        "labels/labels.npz": {"y": wrong(truth)},
    }
    if not folder.exists():
        _write(content, folder)
    found = digest_of(folder)
    if found != digest_of(content):
        raise DamagedRun(f"{folder}: changed since it was made; remove the folder to remake it")
    return SplitData(folder / "inputs", folder / "labels" / "labels.npz", validation.n, found)


def relabelling(every: Array, train: Array, metric: str, secret: bytes) -> Callable[[Array], Array]:
    """The map of labels (n,) to labels (n,) of the same type. No class keeps its name; the order of values turns."""
    classes = np.unique(every)
    if every.dtype.kind != "i" or metric in REGRESSION or len(classes) > MOST_CLASSES:
        ranked = np.sort(train)
        return lambda y: np.interp(y, ranked, ranked[::-1]).astype(y.dtype)
    around = np.random.default_rng(int.from_bytes(secret, "big")).permutation(classes)
    following = dict(zip(around.tolist(), np.roll(around, -1).tolist(), strict=True))
    return lambda y: np.array([following[label] for label in y.tolist()], dtype=y.dtype)


def _arrays(path: Path, *names: str) -> list[Array]:
    with np.load(path, allow_pickle=False) as archive:
        return [archive[name] for name in names]


def _write(content: dict[str, dict[str, Array]], folder: Path) -> None:
    """Written beside and renamed: a kill leaves no half-made folder behind."""
    fresh = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        for name, arrays in content.items():
            path = fresh / name
            path.parent.mkdir(exist_ok=True)
            path.parent.chmod(0o755)
            np.savez(path, **arrays)  # type: ignore[arg-type]
            path.chmod(0o644)
        with contextlib.suppress(OSError):  # another process was first: its data are the same
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
