"""Takes programs that no model wrote through the real run: toolchain, sandbox, evaluator, judge, audit, sealed
data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agents.nodes.baseline import baseline
from agents.nodes.claim import claim
from agents.nodes.experiment import experiment
from agents.nodes.judge import judge
from agents.nodes.reflect import reflect
from agents.run import Run
from agents.setup import run_folder
from agents.setup.assembly import assemble
from agents.setup.create import create
from agents.state import Lane, make_initial_state, open_lane
from memory.ledger.ledger import Ledger
from pelagos.nouns import Build, Hypothesis, Plan, Step
from pelagos.settings import Sandboxing, Settings
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.agents.scripted import ScriptedAssembly
from tools.code.program.program import Program
from tools.code.program.versions import load_original, record_version


class Confined(ScriptedAssembly):
    """Its model is never asked; its sandbox is the real one."""

    def sandbox(self, wanted: Sandboxing) -> Sandbox:
        return choose(wanted.name, wanted.image)


@contextmanager
def open_run(task: str, project: Path) -> Iterator[Run]:
    """Open the run in `project`, made at the first call, with its baseline measured; what it holds is not run again."""
    assembly, folder = Confined(), project / "runs" / "run"
    if not (folder / run_folder.FILE).exists():
        create(project, task, Settings(literature={"sources": ["corpus"]}), folder, assembly)
    with (
        closing(Ledger.open(folder / run_folder.LEDGER)) as ledger,
        assemble(folder, run_folder.read(folder), ledger, threading.Event(), assembly) as run,
    ):
        run.toolchain.prepare(run.task, run)
        baseline(make_initial_state(), run)
        yield run


def take_through(name: str, program: Program, run: Run) -> None:
    """Do what a lane does from a finished program to its lesson."""
    lane: Lane = {**open_lane(make_initial_state(), 0), "hypothesis": name, "kept": True}
    version = _record_version(name, program, run)
    due = {version: list(run.task.seeds)[: run.settings.judge.min_seeds]}
    while due:
        experiment({**lane, "due": due}, run)
        update = judge(lane, run)
        due = update["due"]
    if update["strong"]:
        claim(lane, run)
    reflect(lane, run)


def _record_version(name: str, program: Program, run: Run) -> str:
    """Record a hypothesis whose version is the program, and return the version's id."""
    assert program.diff(load_original(run.task))  # type: ignore[arg-type]
    run.record(
        Hypothesis(
            id=name, title=name, statement=name, rationale="known", predicted_effect=0.0, refuted_by="", target="",
        )
    )  # fmt: skip
    run.record(Plan(id=f"{name}-p1", hypothesis=name, steps=[Step(text=name)]))
    version = record_version(run, program, name, f"{name}-p1", name)
    run.record(Build(id=f"{name}-b", hypothesis=name, plan=f"{name}-p1", version=version.id, cause=""))
    return version.id
