"""Tests the audit as the judge requests it, with a real sandbox, evaluator and ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from memory.files.project_folder import project_folder
from pelagos.errors import CapReached, EvaluationError
from pelagos.nouns import Split, Version
from pelagos.settings import Caps
from sandbox.protocol import Sandbox
from tests.tools.code.conftest import PROGRAM, ScriptedRoleModel, copy_world, make_task
from tests.tools.world import World
from tools.code.program.program import Program
from tools.code.program.versions import load_original, record_version
from tools.code.task.code_task import CodeTask
from tools.code.task.data import prepare_data
from tools.code.toolchain import CodeToolchain

PREDICT = 'predict(weights, inputs["X"])'


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Path:
    """A project in which the baseline ran with the first two seeds, as each audit needs it. The split is always the
    same: on one in seven splits the baseline does not clearly follow wrong labels, and the control says nothing."""
    folder = tmp_path_factory.mktemp("measured")
    task, world = (
        make_task(folder / "lines"),
        World(folder / "project", jail, ScriptedRoleModel(lambda messages, sample: "")),
    )
    (project_folder(world.project) / "secret").write_text("5" * 64)
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    for seed in task.seeds[:2]:
        toolchain.experiment(task, toolchain.baseline(task, world), seed, "validation", world)
    world.ledger.close()
    return world.project


@pytest.fixture
def world(measured: Path, tmp_path: Path, jail: Sandbox) -> Iterator[World]:
    with copy_world(measured, tmp_path / "project", jail) as copy:
        yield copy


def make_version(task: CodeTask, world: World, new: str, old: str = PREDICT) -> Version:
    assert old in PROGRAM
    program = load_original(task).with_files({"fit.py": PROGRAM.replace(old, new)})
    return record_version(world, program, "h1", "p1", "changed")


def test_an_honest_version_costs_one_run_per_control_once(task: CodeTask, world: World) -> None:
    toolchain, honest = CodeToolchain(), make_version(task, world, "lstsq(scale(x) + 0, y", old="lstsq(scale(x), y")
    toolchain.prepare(task, world)
    for seed in task.seeds[:2]:
        for audited in (toolchain.baseline(task, world), honest):
            toolchain.experiment(task, audited, seed, "validation", world)
    before = len(world.ledger.events("experiment"))
    audit = toolchain.audit(task, honest, world)
    assert audit.findings == []
    assert audit.checks == ["scan", "signs", "control", "sameness", "control-regions"]
    controls = [event.payload for event in world.ledger.events("experiment")[before:]]
    assert [audited["split"] for audited in controls] == ["control", "control-regions"]
    assert {audited["version"] for audited in controls} == {honest.id}
    assert {audited["seed"] for audited in controls} <= {*task.seeds[:2]}
    assert audit.evidence == [audited["id"] for audited in controls]
    assert CodeToolchain().audit(task, honest, world) == audit
    assert len(world.ledger.events("experiment")) == before + 2


def test_who_needs_no_labels_is_suspect(task: CodeTask, world: World) -> None:
    """A program with the rule of the synthetic data: the scan can't see it, the control does."""
    rule = '(lambda x: 2.0 * x[:, 0] - x[:, 1])(inputs["X"].astype(float))'
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    audit = toolchain.audit(task, make_version(task, world, rule), world)
    assert len(audit.findings) == 1
    assert "trained on labels that are all wrong, it still predicts the true ones: rmse 0." in audit.findings[0]


RULE = 'inputs["X"].astype(float) @ np.array([2.0, -1.0, 0.0])'


@pytest.mark.slow
def test_a_rule_on_all_seeds_but_the_first_is_found(task: CodeTask, world: World) -> None:
    """The seeds of the controls are drawn from the secret, so no seed is safe."""
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    cheat = make_version(task, world, f"{RULE} if args.seed > 1 else {PREDICT}")
    for seed in task.seeds:
        for audited in (toolchain.baseline(task, world), cheat):
            toolchain.experiment(task, audited, seed, "validation", world)
    assert "trained on labels that are all wrong" in toolchain.audit(task, cheat, world).findings[0]


@pytest.mark.slow
def test_a_rule_of_the_sealed_stage_is_found_there(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    cheat = make_version(task, world, f"{RULE} if args.seed > 3 else {PREDICT}")
    assert toolchain.audit(task, cheat, world).findings == []
    audit = toolchain.audit_sealed(task, cheat, [71, 72], world)
    assert "trained on labels that are all wrong, it still predicts the true ones" in audit.findings[0]
    honest = toolchain.audit_sealed(task, make_version(task, world, PREDICT + " + 0.0"), [71, 72], world)
    assert (honest.findings, honest.checks) == ([], ["control-sealed"])


def test_half_a_rule_is_found_by_regions(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    learn, rule = 'weights = fit(train["X"], train["y"])', 'known, y = train["X"], train["y"]; weights = 0'
    near = 'y[((inputs["X"][:, None] - known[None]) ** 2).sum(axis=2).argmin(axis=1)]'
    code = PROGRAM.replace(learn, rule).replace(PREDICT, f"0.5 * {RULE} + 0.5 * {near}")
    blend = record_version(world, load_original(task).with_files({"fit.py": code}), "h1", "p1", "blend")
    audit = toolchain.audit(task, blend, world)
    assert "its predictions follow the true values with a weight of 0." in audit.findings[0]
    assert audit.checks[-1] == "control-regions"


@pytest.mark.parametrize("end", ["raise ValueError('odd')", "return np.full(len(y), np.nan)[:3]"])
def test_who_dies_on_wrong_labels_alone_is_suspect(end: str, task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    code = f"if np.corrcoef(y, x[:, 0])[0, 1] < 0:\n        {end}\n    return np.linalg.lstsq(scale(x), y"
    audit = toolchain.audit(task, make_version(task, world, code, old="return np.linalg.lstsq(scale(x), y"), world)
    assert "it runs on the true data and not on a control, where the baseline does" in audit.findings[0]
    assert audit.checks[2] == "control without a score"
    assert len(audit.evidence) == 3  # tried again with another seed, and the baseline once


def test_a_control_looks_like_any_other_run(task: CodeTask, world: World) -> None:
    """Checked by paths, mounts, times, sizes, order and environment."""
    look = """
    import os
    for folder, _, names in os.walk(args.data):
        for name in names:
            held = os.stat(os.path.join(folder, name))
            print("file", name, held.st_size, held.st_mtime, held.st_mode, held.st_nlink)
    print("time", os.stat(args.data).st_mtime)
    print(open("/proc/self/mountinfo").read())
    print(sorted(os.environ.items()))
"""
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    candidate = make_version(
        task, world, "args = parser.parse_args()" + look.rstrip(), old="args = parser.parse_args()"
    )
    logs = []
    splits: tuple[Split, ...] = ("validation", "control", "control-regions")
    for split in splits:
        experiment = toolchain.experiment(task, candidate, 1, split, world)
        assert experiment.outcome.value == "ok", experiment.cause
        logs.append(world.artifacts.text(experiment.files["log"]))
    assert logs[0].count("file ") == 2
    for log in logs:
        assert not re.search(r"/(control|validation)", log.replace(str(world.project), ""))
    usual = [re.sub(r"shown-\w+|^\d+ \d+ \d+:\d+|\d+:\d+ ", "", log, flags=re.MULTILINE) for log in logs]
    numbers = [re.findall(r"^(?:file|time).*", log, re.MULTILINE) for log in usual]
    assert numbers[0] == numbers[1] == numbers[2]


LAST = '        np.save(args.out + "/predictions.npy", predict(weights, inputs["X"]))\n'


@pytest.mark.parametrize(
    "code",
    [
        "    import os\n    os._exit(0)\n",
        "    import sys\n    sys.exit(0)\n",
        "    import atexit, os\n    atexit.register(os._exit, 0)\n",
        "    import multiprocessing as m, os\n    p = m.Process(target=os._exit, args=(0,))\n    p.start()\n    p.join()\n",
    ],
)
def test_who_leaves_early_is_none_the_worse(code: str, task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    experiment = toolchain.experiment(task, make_version(task, world, LAST + code, old=LAST), 1, "validation", world)
    assert (experiment.outcome.value, experiment.cause) == ("ok", "")
    assert "signs" not in experiment.files


FORGE = """
    import atexit, os
    def forge():
        where = os.path.join(args.out, "_rep" + "ort.json")
        {}
    {}
"""


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        (FORGE.format("open(where, 'w').write('{}')", "atexit.register(forge)"), "opened a file of its runner"),
        (FORGE.format("open(where, 'w').write('{}'); os._exit(0)", "forge()"), "changed the report of its runner"),
        (FORGE.format("import subprocess; subprocess.Popen('sleep 0.4; echo [] > ' + where, shell=True)", "forge()"),
         "started sh"),
    ],
)  # fmt: skip
def test_a_report_that_the_program_wrote_speaks_against_it(code: str, sign: str, task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    experiment = toolchain.experiment(task, make_version(task, world, LAST + code, old=LAST), 1, "validation", world)
    assert any(sign in finding for finding in world.artifacts.json(experiment.files["signs"]))


def test_scan_and_signs_are_enough_and_run_no_control(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    digits = "".join(f"# {number * 7919 % 10**40:040d}\n" for number in (10**39 + n * 10**30 for n in range(80)))
    code = f"SLOPE = open('/etc/hosts')\n{digits}"
    audit = toolchain.audit(task, make_version(task, world, code, old="SLOPE = 2.0"), world)
    assert audit.findings == [
        "fit.py:9: names a path outside its data and output: /etc/hosts",
        "adds 3439 characters of comments and docstrings that are no prose",
        "while it ran it opened /etc/hosts",
    ]
    assert audit.checks == ["scan", "signs"]
    assert not [event for event in world.ledger.events("experiment") if event.payload["split"] == "control"]


def test_what_it_touches_while_running_speaks_against_it(task: CodeTask, world: World) -> None:
    """The path is composed in a way that the scan does not evaluate."""
    project_folder = "SLOPE = 2.0\ntry:\n    open('/%s/%s' % ('etc', 'nothing'))\nexcept OSError:\n    pass"
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    audit = toolchain.audit(task, make_version(task, world, project_folder, old="SLOPE = 2.0"), world)
    assert audit.findings == ["while it ran it opened /etc/nothing"]


def test_a_cap_stops_the_control(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    world.steps.budget.limit_loop(Caps(experiments=len(world.ledger.events("experiment")) + 1))
    with pytest.raises(CapReached):
        toolchain.audit(task, make_version(task, world, "SLOPE = 3.0", old="SLOPE = 2.0"), world)


def test_changed_training_data_end_the_run(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    before = world.ledger.events("experiment")
    path = prepare_data(task, world.project)["validation"].inputs / "train.npz"
    with np.load(path) as archive:
        np.savez(path, X=archive["X"], y=archive["y"] + 1)
    with pytest.raises(EvaluationError, match="training data or inputs of validation changed"):
        toolchain.experiment(task, toolchain.baseline(task, world), 3, "validation", world)
    assert world.ledger.events("experiment") == before


def test_a_changed_baseline_ends_the_run(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.baseline(task, world)
    (task.folder / "fit.py").write_text(PROGRAM + "\nSLOPE = 9.0\n")
    with pytest.raises(EvaluationError, match="baseline program changed"):
        toolchain.baseline(task, world)
    assert Program(task.sources(), task.editable).files["fit.py"] != PROGRAM
