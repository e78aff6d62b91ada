"""The audit as judge asks for it: real sandbox, evaluator, ledger."""

from __future__ import annotations

import numpy as np
import pytest

from memory.hidden import hidden
from pelagos.errors import CapReached, EvaluationError
from pelagos.nouns import Version
from pelagos.settings import Caps
from tests.tools.code.conftest import PROGRAM, World
from tools.code.data import prepare_data
from tools.code.program import Program
from tools.code.task import CodeTask
from tools.code.toolchain import CodeToolchain
from tools.code.versions import record, untouched

PREDICT = 'predict(weights, inputs["X"])'


@pytest.fixture(autouse=True)
def _one_split(world: World) -> None:
    """The same split in each run: on one in seven the baseline doesn't clearly follow wrong labels, and the control then
    says nothing."""
    (hidden(world.project) / "secret").write_text("5" * 64)


def version(task: CodeTask, world: World, new: str, old: str = PREDICT) -> Version:
    assert old in PROGRAM
    program = untouched(task).with_files({"fit.py": PROGRAM.replace(old, new)})
    return record(world, program, "h1", "p1", "changed")


def test_an_honest_version_costs_two_runs_once(task: CodeTask, world: World) -> None:
    toolchain, honest = CodeToolchain(), version(task, world, "lstsq(scale(x) + 0, y", old="lstsq(scale(x), y")
    toolchain.prepare(task, world)
    for seed in task.seeds[:2]:
        for one in (toolchain.baseline(task, world), honest):
            toolchain.experiment(task, one, seed, "validation", world)
    before = len(world.ledger.events("experiment"))
    audit = toolchain.audit(task, honest, world)
    assert audit.findings == []
    assert audit.checks == ["scan", "signs", "control", "sameness"]
    controls = [event.payload for event in world.ledger.events("experiment")[before:]]
    assert [one["split"] for one in controls] == ["control", "control"]
    assert audit.evidence == [one["id"] for one in controls]
    assert CodeToolchain().audit(task, honest, world) == audit
    assert len(world.ledger.events("experiment")) == before + 2


def test_who_needs_no_labels_is_suspect(task: CodeTask, world: World) -> None:
    """The rule of the made data, written into the program: the scan can't see it, the control does."""
    rule = '(lambda x: 2.0 * x[:, 0] - x[:, 1])(inputs["X"].astype(float))'
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    audit = toolchain.audit(task, version(task, world, rule), world)
    assert len(audit.findings) == 1
    assert "trained on labels that are all wrong, it still predicts the true ones: rmse 0." in audit.findings[0]


def test_scan_and_signs_are_enough_and_run_no_control(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    audit = toolchain.audit(task, version(task, world, "SLOPE = open('/etc/hosts')", old="SLOPE = 2.0"), world)
    assert audit.findings == [
        "fit.py:9: names a path outside its data and output: /etc/hosts",
        "while it ran it opened /etc/hosts",
    ]
    assert audit.checks == ["scan", "signs"]
    assert not [event for event in world.ledger.events("experiment") if event.payload["split"] == "control"]


def test_what_it_touches_while_running_speaks_against_it(task: CodeTask, world: World) -> None:
    """The path is put together in a way that the scan doesn't read."""
    hidden = "SLOPE = 2.0\ntry:\n    open('/%s/%s' % ('etc', 'nothing'))\nexcept OSError:\n    pass"
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    audit = toolchain.audit(task, version(task, world, hidden, old="SLOPE = 2.0"), world)
    assert audit.findings == ["while it ran it opened /etc/nothing"]


def test_a_cap_stops_the_control(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    world.steps.budget.caps = Caps(experiments=1)
    with pytest.raises(CapReached):
        toolchain.audit(task, version(task, world, "SLOPE = 3.0", old="SLOPE = 2.0"), world)


def test_changed_training_data_end_the_run(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    path = prepare_data(task, world.project)["validation"].inputs / "train.npz"
    with np.load(path) as archive:
        np.savez(path, X=archive["X"], y=archive["y"] + 1)
    with pytest.raises(EvaluationError, match="training data or inputs of validation changed"):
        toolchain.experiment(task, toolchain.baseline(task, world), 1, "validation", world)
    assert not world.ledger.events("experiment")


def test_a_changed_baseline_ends_the_run(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.baseline(task, world)
    (task.folder / "fit.py").write_text(PROGRAM + "\nSLOPE = 9.0\n")
    with pytest.raises(EvaluationError, match="baseline program changed"):
        toolchain.baseline(task, world)
    assert Program(task.sources(), task.editable).files["fit.py"] != PROGRAM
