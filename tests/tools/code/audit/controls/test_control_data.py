from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from pelagos.errors import DamagedRun
from tests.tools.world import World
from tools.code.audit.controls.control_data import (
    CONTROL,
    CONTROLS,
    REGIONS,
    SEALED,
    SHIFTED,
    load_arrays,
    prepare_control,
)
from tools.code.task.code_task import CodeTask
from tools.code.task.data import digest_inputs, prepare_data


def test_each_differs_in_what_it_is_for_alone_and_is_verified(task: CodeTask, world: World) -> None:
    data = prepare_data(task, world.project)
    for split in CONTROLS:
        source = data["sealed" if split == SEALED else "validation"]
        control = prepare_control(split, data, task.metric.name)
        if split == SHIFTED:
            assert control is None  # the columns of this task hold a handful of values
            continue
        assert control is not None
        (x, y), (test_inputs,), (labels,) = (
            load_arrays(control.inputs / "train.npz", "X", "y"), load_arrays(control.inputs / "inputs.npz", "X"), load_arrays(control.labels, "y")
        )  # fmt: skip
        (old_x, old_y), (old_asked,), (old_labels,) = (
            load_arrays(source.inputs / "train.npz", "X", "y"), load_arrays(source.inputs / "inputs.npz", "X"),
            load_arrays(source.labels, "y"),
        )  # fmt: skip
        assert np.array_equal(x, old_x)
        assert np.array_equal(test_inputs, old_asked)
        for new, old in ((y, old_y), (labels, old_labels)):
            assert np.corrcoef(new, old)[0, 1] < (-0.3 if split == REGIONS else -0.9)
        sizes = [
            (path / name).stat().st_size
            for path in (control.inputs, source.inputs)
            for name in ("train.npz", "inputs.npz")
        ]
        assert sizes[:2] == sizes[2:]
        assert prepare_control(split, data, task.metric.name) == control
        assert digest_inputs(control) != digest_inputs(source)
        np.savez(control.labels, y=labels + 1)
        with pytest.raises(DamagedRun, match=split):
            prepare_control(split, data, task.metric.name)
    assert not list(data.folder.glob("making-*"))
    assert CONTROLS[0] == CONTROL


def test_what_cant_be_put_in_its_place_is_told_as_it_is(
    task: CodeTask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = prepare_data(task, world.project)

    def full(path: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space left") as raised:
        prepare_control(CONTROL, data, task.metric.name)
    assert raised.value.errno == errno.ENOSPC
    assert not list(data.folder.glob("making-*"))
