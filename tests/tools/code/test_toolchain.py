from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pelagos.errors import BadInput, DamagedRun, EvaluationError
from pelagos.nouns import OutcomeKind, Version
from tests.tools.code.conftest import PROGRAM, make_hypothesis
from tests.tools.world import World
from tools.code.program.program import Program
from tools.code.program.versions import load_original, record_version
from tools.code.task.code_task import CodeTask, load_task
from tools.code.task.data import prepare_data
from tools.code.toolchain import CodeToolchain


def make_version(task: CodeTask, world: World, old: str, new: str) -> Version:
    assert old in PROGRAM
    program = load_original(task).with_files({"fit.py": PROGRAM.replace(old, new)})
    return record_version(world, program, "h1", "p1", "changed")


def test_briefing_offers_what_may_be_edited(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    brief = toolchain.brief(task, world)
    assert list(brief.targets) == ["fit.py::fit", "fit.py::predict", "helper.py::scale"]
    assert "ndarray float32 (20, 3)" in brief.overview
    assert "lstsq" not in brief.overview
    assert "one change of the code" in brief.step_guide
    material = toolchain.material(task, "helper.py::scale", world)
    assert "return x / 2.0" in material
    assert "def fit(x, y):" in material
    with pytest.raises(BadInput, match="not in the program"):
        toolchain.material(task, "helper.py::nothing", world)
    assert len(world.ledger.events("smoke")) == 2


def test_experiment_is_scored_outside_and_done_once(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    base = toolchain.baseline(task, world)
    first = toolchain.experiment(task, base, 1, "validation", world)
    assert first.outcome is OutcomeKind.OK
    assert first.score is not None
    assert 0 < first.score < 2
    assert len(world.artifacts.json(first.replicates)) == 200
    assert set(first.files) == {"log", "predictions"}
    sealed = toolchain.experiment(task, base, 1, "sealed", world)
    assert sealed.data != first.data
    before = len(world.ledger.events())
    assert CodeToolchain().experiment(task, base, 1, "validation", world) == first
    assert len(world.ledger.events()) == before


def test_a_module_of_a_src_layout_is_run_with_its_environment(task: CodeTask, world: World) -> None:
    package = task.folder / "src" / "lines"
    package.mkdir(parents=True)
    head = "import os\n\nassert os.environ['MODE'] == 'fast'\n"
    (package / "fit.py").write_text(head + PROGRAM.replace("from helper", "from lines.helper"))
    (task.folder / "helper.py").rename(package / "helper.py")
    text = (task.folder / "task.yaml").read_text()
    text = text.replace("entry: python fit.py", "entry: MODE=fast uv run python -u -m lines.fit")
    text = text.replace("[fit.py, helper.py]", "[src/lines/fit.py, src/lines/helper.py]")
    (task.folder / "task.yaml").write_text(text)
    moved = load_task(task.folder)
    toolchain = CodeToolchain()
    experiment = toolchain.experiment(moved, toolchain.baseline(moved, world), 1, "validation", world)
    assert (experiment.outcome, experiment.cause) == (OutcomeKind.OK, "")
    assert "# seen in a run: scale(" in toolchain.material(moved, "src/lines/helper.py::scale", world)


def test_changed_labels_end_the_run(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    labels = prepare_data(task, world.project)["validation"].labels
    with np.load(labels) as archive:
        np.savez(labels, y=archive["y"] + 1)
    with pytest.raises(EvaluationError, match="evaluator or labels changed"):
        toolchain.experiment(task, toolchain.baseline(task, world), 1, "validation", world)
    assert not world.ledger.events("experiment")
    with pytest.raises(DamagedRun):  # a new start says it before anything is run
        CodeToolchain().prepare(task, world)


def test_labels_are_not_beside_the_program(task: CodeTask, world: World) -> None:
    spy = "import os; [print(os.path.join(f, n)) for f, _, names in os.walk('.') for n in names]\nSLOPE = 2.0"
    experiment = CodeToolchain().experiment(task, make_version(task, world, "SLOPE = 2.0", spy), 1, "validation", world)
    log = world.artifacts.text(experiment.files["log"])
    assert "data/train.npz" in log
    assert "data/inputs.npz" in log
    assert "labels" not in log


@pytest.mark.parametrize(
    ("old", "new", "outcome", "cause"),
    [
        ("SLOPE = 2.0", "SLOPE = nothing", OutcomeKind.ERROR, "error: NameError"),
        ('("--data")', '("--data", type=int)', OutcomeKind.ERROR, "exit: code 2: fit.py: error: argument --data: inv"),
        ('"/predictions.npy"', '"/other.npy"', OutcomeKind.INVALID, "no_predictions"),
        ('predict(weights, inputs["X"])', "np.zeros(3)", OutcomeKind.INVALID, "wrong_count"),
        ('predict(weights, inputs["X"])', "np.array(['a'] * 30)", OutcomeKind.INVALID, "bad_predictions"),
        ('predict(weights, inputs["X"])', "np.full(30, np.inf)", OutcomeKind.INVALID, "nan_predictions"),
    ],
)
def test_failures_are_data(old: str, new: str, outcome: OutcomeKind, cause: str, task: CodeTask, world: World) -> None:
    experiment = CodeToolchain().experiment(task, make_version(task, world, old, new), 1, "validation", world)
    assert experiment.outcome is outcome
    assert experiment.cause.startswith(cause)
    assert experiment.score is None
    assert "log" in experiment.files


def test_diff_and_section(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    changed = make_version(task, world, "SLOPE = 2.0", "SLOPE = 3.0")
    assert "-SLOPE = 2.0\n+SLOPE = 3.0\n" in toolchain.diff(task, changed, world)
    assert toolchain.diff(task, toolchain.baseline(task, world), world) == ""
    assert Program.load(world.artifacts, changed.content).editable == task.editable
    assert toolchain.section(task, world).rows == [("Plans that became a running version", "0 of 0")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "diabetes", "mnist1d"])
def test_shipped_tasks_show_shapes_and_run(name: str, world: World) -> None:
    task = load_task(Path(__file__).parents[3] / "tasks" / name)
    toolchain = CodeToolchain()
    brief = toolchain.brief(task, world)
    assert brief.targets
    assert all(brief.targets.values()), "each target has a contract"
    assert "seen in a run" in brief.overview
    experiment = toolchain.experiment(task, toolchain.baseline(task, world), task.seeds[0], "validation", world)
    assert experiment.outcome is OutcomeKind.OK
    assert make_hypothesis().target not in brief.targets
