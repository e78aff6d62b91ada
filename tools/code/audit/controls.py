"""The data of the controls, made once below the task's data and checked before each use.

`control` and `control-sealed`: validation and sealed data under labels that are all wrong (relabel.py).
`control-regions`: under labels that are wrong in another way in each region (regions.py). `control-shifted`: true
labels, inputs moved by next to nothing (shift.py). Whoever sees one of them can't tell it from a usual experiment by
names, times and sizes (tools/code/staging.py).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from pelagos.errors import DamagedRun
from pelagos.nouns import Split
from tools.code.audit.regions import regional
from tools.code.audit.relabel import relabelling
from tools.code.audit.shift import shifted
from tools.code.data import SplitData, TaskData, derive, digest_of

Array = np.ndarray[Any, Any]
CONTROL: Split = "control"
REGIONS: Split = "control-regions"
SHIFTED: Split = "control-shifted"
SEALED: Split = "control-sealed"
CONTROLS: tuple[Split, ...] = (CONTROL, REGIONS, SHIFTED, SEALED)


def made(split: Split, data: TaskData, metric: str) -> SplitData | None:
    """None where this kind of data has no such control. Raises DamagedRun where it was changed."""
    source, folder = data["sealed" if split == SEALED else "validation"], data.folder / split
    x, y = arrays(source.inputs / "train.npz", "X", "y")
    (asked,), (truth,) = arrays(source.inputs / "inputs.npz", "X"), arrays(source.labels, "y")
    secret = derive(data.folder.name.encode(), source.digest)
    content = _content(split, (x, asked), (y, truth), metric, secret)
    if content is None:
        return None
    if not folder.exists():
        _write(content, folder)
    found = digest_of(folder)
    if found != digest_of(content):
        raise DamagedRun(f"{folder}: changed since it was made; remove the folder to remake it")
    return SplitData(folder / "inputs", folder / "labels" / "labels.npz", source.n, found)


def _content(
    split: Split, inputs: tuple[Array, Array], labels: tuple[Array, Array], metric: str, secret: bytes
) -> dict[str, dict[str, Array]] | None:
    shown: tuple[Array, Array] | None = inputs
    taught: tuple[Array, Array] | None = labels
    if split == SHIFTED:
        shown = shifted(*inputs, secret)
    elif split == REGIONS:
        taught = regional(inputs, labels, metric, secret)
    else:
        wrong = relabelling(np.concatenate(labels), labels[0], metric, secret)
        taught = wrong(labels[0]), wrong(labels[1])
    if shown is None or taught is None:
        return None
    return {
        "inputs/train.npz": {"X": shown[0], "y": taught[0]},
        "inputs/inputs.npz": {"X": shown[1]},
        "labels/labels.npz": {"y": taught[1]},
    }


def arrays(path: Path, *names: str) -> list[Array]:
    with np.load(path, allow_pickle=False) as archive:
        return [archive[name] for name in names]


def _write(content: dict[str, dict[str, Array]], folder: Path) -> None:
    """Written beside and renamed: a kill leaves no half-made folder behind."""
    fresh = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        for name, held in content.items():
            path = fresh / name
            path.parent.mkdir(exist_ok=True)
            path.parent.chmod(0o755)
            np.savez(path, **held)  # type: ignore[arg-type]
            path.chmod(0o644)
        with contextlib.suppress(OSError):  # another process was first: its data are the same
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
