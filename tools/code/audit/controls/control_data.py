"""Makes the data of the controls once, below the task's data, and checks them before each use.

`control` and `control-sealed`: validation and sealed data with labels that are all wrong (relabel.py).
`control-regions`: labels that are wrong in a different way in each region (regions.py). `control-shifted`: true labels,
inputs moved by next to nothing (shift.py). A program can't distinguish them from a usual experiment by names, times or
sizes (tools/code/execution/staging.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from memory.files.project_secret import derive_key
from memory.files.whole_folder import write_whole_folder
from pelagos.errors import DamagedRun
from pelagos.nouns import Split
from tools.code.audit.controls.regions import relabel_by_region
from tools.code.audit.controls.relabel import make_relabelling
from tools.code.audit.controls.shift import shift_inputs
from tools.code.task.data import SplitData, TaskData, digest_arrays

Array = np.ndarray[Any, Any]
CONTROL: Split = "control"
REGIONS: Split = "control-regions"
SHIFTED: Split = "control-shifted"
SEALED: Split = "control-sealed"
CONTROLS: tuple[Split, ...] = (CONTROL, REGIONS, SHIFTED, SEALED)


def prepare_control(split: Split, data: TaskData, metric: str) -> SplitData | None:
    """The control's data, written at the first call. None if this kind of data has no such control. Raises DamagedRun
    if the folder was changed."""
    source, folder = data["sealed" if split == SEALED else "validation"], data.folder / split
    train_inputs, train_labels = load_arrays(source.inputs / "train.npz", "X", "y")
    (test_inputs,), (test_labels,) = load_arrays(source.inputs / "inputs.npz", "X"), load_arrays(source.labels, "y")
    secret = derive_key(data.folder.name.encode(), source.digest)
    content = _build_control(split, (train_inputs, test_inputs), (train_labels, test_labels), metric, secret)
    if content is None:
        return None
    if not folder.exists():
        _write(content, folder)
    digest = digest_arrays(folder)
    if digest != digest_arrays(content):
        raise DamagedRun(f"{folder}: changed since it was made; remove the folder to remake it")
    return SplitData(folder / "inputs", folder / "labels" / "labels.npz", source.n, digest)


def _build_control(
    split: Split, inputs: tuple[Array, Array], labels: tuple[Array, Array], metric: str, secret: bytes
) -> dict[str, dict[str, Array]] | None:
    new_inputs: tuple[Array, Array] | None = inputs
    new_labels: tuple[Array, Array] | None = labels
    if split == SHIFTED:
        new_inputs = shift_inputs(*inputs, secret)
    elif split == REGIONS:
        new_labels = relabel_by_region(inputs, labels, metric, secret)
    else:
        relabel = make_relabelling(np.concatenate(labels), labels[0], metric, secret)
        new_labels = relabel(labels[0]), relabel(labels[1])
    if new_inputs is None or new_labels is None:
        return None
    return {
        "inputs/train.npz": {"X": new_inputs[0], "y": new_labels[0]},
        "inputs/inputs.npz": {"X": new_inputs[1]},
        "labels/labels.npz": {"y": new_labels[1]},
    }


def load_arrays(path: Path, *names: str) -> list[Array]:
    with np.load(path, allow_pickle=False) as archive:
        return [archive[name] for name in names]


def _write(content: dict[str, dict[str, Array]], folder: Path) -> None:
    with write_whole_folder(folder) as fresh:
        for name, arrays in content.items():
            path = fresh / name
            path.parent.mkdir(exist_ok=True)
            path.parent.chmod(0o755)
            np.savez(path, **arrays)  # type: ignore[arg-type]
            path.chmod(0o644)
