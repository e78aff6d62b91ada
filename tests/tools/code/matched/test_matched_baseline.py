from __future__ import annotations

from pathlib import Path

import pytest

from agents.judging.confounders import find_confounders, join_hypothesis_text
from pelagos.nouns import Hypothesis, Signature, Version
from sandbox.border.report import Behaviour, Report
from sandbox.protocol import Sandbox
from tests.tools.code.conftest import PROGRAM
from tests.tools.world import World
from tools.abilities import Matched
from tools.code.coding.causes import Cause
from tools.code.execution.smoke import SmokeResult
from tools.code.matched.matched_baseline import VersionRunner, build_matched_baseline
from tools.code.program.program import Program
from tools.code.program.versions import load_original, record_version
from tools.code.task.code_task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain

LOOPS = PROGRAM.replace("SLOPE = 2.0", "MAX_ITER = 10\nEPOCHS = 20")
STEPS = "optimizer steps"


def make_signature(id: str, steps: float) -> Signature:
    return Signature(id=id, amounts={STEPS: steps})


class Counted:
    """A substitute for real runs: a program's steps are ten times its `EPOCHS`."""

    def __init__(self, context: World) -> None:
        self.context, self.smoked, self.ran = context, 0, 0

    def steps(self, program: Program) -> float:
        return 10.0 * int(program.files["fit.py"].partition("EPOCHS = ")[2].split()[0])

    def smoke(self, program: Program) -> SmokeResult:
        self.smoked += 1
        return SmokeResult(Cause(), "", Report(behaviour=Behaviour(amounts={STEPS: self.steps(program)})), "")

    def signature(self, version: Version) -> Signature:
        self.ran += 1
        return make_signature(version.id, self.steps(Program.load(self.context.artifacts, version.content)))


@pytest.fixture
def loops(tmp_path: Path, task: CodeTask) -> CodeTask:
    (task.folder / "fit.py").write_text(LOOPS)
    return load_task(task.folder)


def match(loops: CodeTask, world: World, steps: float) -> tuple[Version | None, Counted]:
    version, runs = record_version(world, load_original(loops), "h1", "p1", "longer"), Counted(world)
    matched = build_matched_baseline(
        loops,
        version,
        make_signature("base", 200),
        make_signature(version.id, steps),
        VersionRunner(runs.smoke, runs.signature),
        world,
    )
    return matched, runs


def test_the_constant_is_the_one_whose_steps_match(loops: CodeTask, world: World) -> None:
    matched, runs = match(loops, world, 250)
    assert matched is not None
    text = Program.load(world.artifacts, matched.content).files["fit.py"]
    assert text == LOOPS.replace("EPOCHS = 20", "EPOCHS = 25")
    assert (matched.hypothesis, matched.summary) == ("h1", "baseline with 1.25 times the steps")
    assert (runs.smoked, runs.ran) == (3, 1)  # the baseline, the wrong constant, the right one
    again, none = match(loops, world, 250)
    assert (again, none.smoked, none.ran) == (matched, 0, 0)


def test_nothing_is_made_of_equal_training_or_where_no_constant_matches(loops: CodeTask, world: World) -> None:
    matched, runs = match(loops, world, 205)
    assert (matched, runs.smoked) == (None, 0)
    matched, runs = match(loops, world, 213)  # 21.3 epochs: no whole number of them
    assert matched is not None  # 21 epochs are within five per cent
    assert world.ledger.events("matched")[-1].payload["constant"].endswith("EPOCHS 20")
    matched, runs = match(loops, world, 1e18)
    assert (matched, runs.smoked) == (None, 0)
    (loops.folder / "fit.py").write_text(LOOPS.replace("EPOCHS = 20", "EPOCHS = 20 + 0"))
    matched, runs = match(load_task(loops.folder), world, 400)
    assert (matched, runs.ran) == (None, 0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_baseline_that_trains_as_long_as_the_averaging_that_averages_nothing(tmp_path: Path, jail: Sandbox) -> None:
    from tests.tools.code.conftest import ScriptedRoleModel

    world = World(tmp_path, jail, ScriptedRoleModel(lambda messages, sample: ""))
    task, toolchain = load_task(Path("tasks/digits").resolve()), CodeToolchain()
    assert isinstance(toolchain, Matched)
    text = task.sources()["train.py"].replace("in range(EPOCHS):", "in range(EPOCHS + EPOCHS // 4):")
    version = record_version(world, load_original(task).with_files({"train.py": text}), "h1", "p1", "averages, it says")
    base, signature = (
        toolchain.signature(task, measured_version, world)
        for measured_version in (toolchain.baseline(task, world), version)
    )
    words = join_hypothesis_text(
        Hypothesis(
            id="h1", title="Averaging the weights over the last quarter of training", statement="Average them.",
            rationale="", refuted_by="", target="train.py::fit",
        )
    )  # fmt: skip
    assert [measured_version.kind for measured_version in find_confounders(words, base, signature)] == ["training"]
    matched = toolchain.matched(task, version, base, signature, world)
    assert matched is not None
    assert toolchain.signature(task, matched, world).amounts[STEPS] == signature.amounts[STEPS] == 525
    seeds = task.seeds[:2]
    scores = [
        [toolchain.experiment(task, measured_version, seed, "validation", world).score for seed in seeds]
        for measured_version in (version, matched)
    ]
    assert scores[0] == scores[1]  # it is the very same training
