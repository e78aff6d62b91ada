from __future__ import annotations

import numpy as np
import pytest

from pelagos.errors import DamagedRun
from tests.tools.code.conftest import World
from tools.code.audit.controls import CONTROL, CONTROLS, REGIONS, SEALED, SHIFTED, arrays, made
from tools.code.data import inputs_digest, prepare_data
from tools.code.task import CodeTask


def test_each_differs_in_what_it_is_for_alone_and_is_verified(task: CodeTask, world: World) -> None:
    data = prepare_data(task, world.project)
    for split in CONTROLS:
        source = data["sealed" if split == SEALED else "validation"]
        one = made(split, data, task.metric.name)
        if split == SHIFTED:
            assert one is None  # the columns of this task hold a handful of values
            continue
        assert one is not None
        (x, y), (asked,), (labels,) = (
            arrays(one.inputs / "train.npz", "X", "y"), arrays(one.inputs / "inputs.npz", "X"), arrays(one.labels, "y")
        )  # fmt: skip
        (old_x, old_y), (old_asked,), (old_labels,) = (
            arrays(source.inputs / "train.npz", "X", "y"), arrays(source.inputs / "inputs.npz", "X"),
            arrays(source.labels, "y"),
        )  # fmt: skip
        assert np.array_equal(x, old_x)
        assert np.array_equal(asked, old_asked)
        for new, old in ((y, old_y), (labels, old_labels)):
            assert np.corrcoef(new, old)[0, 1] < (-0.3 if split == REGIONS else -0.9)
        sizes = [
            (path / name).stat().st_size for path in (one.inputs, source.inputs) for name in ("train.npz", "inputs.npz")
        ]
        assert sizes[:2] == sizes[2:]
        assert made(split, data, task.metric.name) == one
        assert inputs_digest(one) != inputs_digest(source)
        np.savez(one.labels, y=labels + 1)
        with pytest.raises(DamagedRun, match=split):
            made(split, data, task.metric.name)
    assert not list(data.folder.glob("making-*"))
    assert CONTROLS[0] == CONTROL
