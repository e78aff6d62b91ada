"""The transfer set: plans that a model made, with what became of them, read out of finished runs of code tasks.

A plan counts if its hypothesis has a verdict. Its label is made from the run's own experiments as the catalogue's are;
a plan of which no version ran to the end fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import stdev

from agents.nodes.plan import describe_problem
from agents.setup import run_folder
from benchmarks.plans.measure import label
from benchmarks.plans.rows import Row
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger, Reader
from pelagos.nouns import Build, Experiment, Hypothesis, Plan, Verdict, Version
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask, load_task
from tools.toolchain import Briefing

LEAST_SEEDS = 2


def collect_plans(folder: Path) -> Iterator[Row]:
    """The rows of one run, with their own `problem` and `noise`. `folder` is the run's."""
    task, artifacts = load_task(folder / run_folder.TASK), ArtifactStore(folder / "artifacts")
    with closing(Ledger.read(folder / run_folder.LEDGER)) as ledger:
        judged = {verdict.hypothesis for verdict in ledger.facts(Verdict).values()}
        hypotheses, made = ledger.facts(Hypothesis), _versions(ledger)
        base = _experiments(ledger, {None})
        scores = [experiment.score for experiment in base if experiment.score is not None]
        if len(scores) < LEAST_SEEDS:
            return
        for plan in ledger.facts(Plan).values():
            if plan.hypothesis not in judged or plan.id not in made:
                continue
            hypothesis, version = hypotheses[plan.hypothesis], made[plan.id]
            told = {
                "id": f"{folder.name}-{plan.id}",
                "task": task.name,
                "target": hypothesis.target,
                "family": "model-made",
                "steps": [step.text for step in plan.steps],
                "problem": _problem(task, hypothesis),
                "noise": stdev(scores),
            }
            ran = _experiments(ledger, {version}) if version else []
            if not version:
                yield told | {"effect": None, "se": None, "outcome": "fails", "cause": "no version that runs"}
            elif ran:
                yield told | label(base, ran, task.metric, artifacts)


def _versions(ledger: Reader) -> dict[str, str | None]:
    """Plan -> the version that was built from it, None where none runs; the newest build counts."""
    return {build.plan: build.version for build in ledger.facts(Build).values()}


def _experiments(ledger: Reader, versions: set[str | None]) -> list[Experiment]:
    """On validation data, of these versions; None stands for the baseline."""
    if None in versions:
        own = {id for id, version in ledger.facts(Version).items() if version.hypothesis is None}
        versions = {*versions, *own}
    found = ledger.facts(Experiment).values()
    return [experiment for experiment in found if experiment.split == "validation" and experiment.version in versions]


def _problem(task: CodeTask, hypothesis: Hypothesis) -> str:
    """As `plan` tells it, without the shapes that were observed in the run."""
    brief = Briefing(topic=task.topic, description=task.description, targets={}, overview="", step_guide="")
    program = load_original(task)
    source = program.source(hypothesis.target) if program.node(hypothesis.target) is not None else ""
    return describe_problem(hypothesis, brief, f"# {hypothesis.target}\n{source}")
