"""Positive and negative controls: each task has a better program that must be found so, and one that changes nothing.

The real toolchain, sandbox, evaluator, judge and confirm; only the search is left out. The loop never sees these
patches: they lie beside no task.
"""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest

from agents import folder as run_folder
from agents.launch import create
from agents.nodes.baseline import baseline
from agents.nodes.confirm import confirm
from agents.nodes.experiment import experiment
from agents.nodes.judge import judge
from agents.nodes.reflect import reflect
from agents.parts import assembled
from agents.run import Run
from agents.state import Lane, initial, lane_of
from memory.ledger import Ledger
from pelagos.nouns import Build, Hypothesis, Plan, Step, VerdictKind
from pelagos.settings import Sandboxing, Settings
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.agents.scripted import ScriptedParts
from tools.code.task import CodeTask
from tools.code.versions import record, untouched

REFERENCES = Path(__file__).parents[2] / "benchmarks" / "references"
ARMS = ("better", "noop")


class Confined(ScriptedParts):
    def sandbox(self, wanted: Sandboxing) -> Sandbox:
        return choose(wanted.name, wanted.image)


def carried_out(arm: str, task: CodeTask, run: Run) -> str:
    """A hypothesis whose version is the reference program; returns the version's id."""
    patch = {path.name: path.read_text() for path in (REFERENCES / task.name / arm).glob("*.py")}
    program = untouched(task).with_files(patch)
    assert program.diff(untouched(task))
    run.record(
        Hypothesis(
            id=arm, title=arm, statement=arm, rationale="known", predicted_effect=0.0, refuted_by="", target="",
        )
    )  # fmt: skip
    run.record(Plan(id=f"{arm}-p1", hypothesis=arm, steps=[Step(text=arm)]))
    version = record(run, program, arm, f"{arm}-p1", arm)
    run.record(Build(id=f"{arm}-b", hypothesis=arm, plan=f"{arm}-p1", version=version.id, cause=""))
    return version.id


def judged(versions: dict[str, str], run: Run) -> list[str]:
    """Hypothesis -> version: each is judged and its seeds bought as its lane does; the winners."""
    for hypothesis, version in versions.items():
        due = {version: list(run.task.seeds)[: run.settings.judge.min_seeds]}
        while due:
            lane: Lane = {**lane_of(initial(), 0), "hypothesis": hypothesis, "due": due}
            experiment(lane, run)
            due = judge(lane, run)["due"]
        reflect({**lane_of(initial(), 0), "hypothesis": hypothesis}, run)
    return run.winners()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", ["digits", "diabetes", "mnist1d"])
def test_the_better_program_is_supported_and_confirmed_and_the_noop_is_not(task: str, tmp_path: Path) -> None:
    parts = Confined()
    folder = create(tmp_path, task, Settings(literature={"sources": ["corpus"]}), tmp_path / "run", parts)
    described = run_folder.read(folder)
    with (
        closing(Ledger.open(folder / run_folder.LEDGER)) as ledger,
        assembled(folder, described, ledger, threading.Event(), parts) as run,
    ):
        assert isinstance(run.task, CodeTask)
        run.toolchain.prepare(run.task, run)
        baseline(initial(), run)
        winners = judged({arm: carried_out(arm, run.task, run) for arm in ARMS}, run)
        verdicts = run.verdicts()
        assert winners == ["better"], verdicts
        better, noop = verdicts["better"], verdicts["noop"]
        assert better.effect is not None
        assert better.effect >= run.task.metric.min_effect
        assert better.score is not None
        assert better.baseline_score is not None
        assert (better.score < better.baseline_score) == (task == "diabetes")  # RMSE falls, accuracy rises
        assert noop.kind is VerdictKind.EQUIVALENT
        confirm(initial(), run)
        confirmed = {event.payload["hypothesis"]: event.payload["confirmed"] for event in ledger.events("confirmed")}
        assert confirmed == {"better": True}
