"""Measures the plans of the catalogue: the label is the paired effect against the task's own program.

Three seeds on the validation split, in the real sandbox and through the evaluator, as the loop runs an experiment. The
standard error covers seeds and validation items (tools/paired/estimate.py). A program that fails on a seed has no
effect: its plan is labelled as failing. Each plan is measured once; what was cut short goes on where it stopped, in the
same work folder or in a new one: `splits.json` holds the keys by which the data are split, so all labels are on the same
items. They are no secrets here: no model writes these programs.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np

from agents.nodes.plan import describe_problem
from benchmarks.debugging.bench import Bench
from benchmarks.plans.catalogue import HERE, ROOT, CatalogPlan, original
from benchmarks.plans.rows import Row, append_row, read_rows
from memory.artifacts import ArtifactStore
from memory.files.project_folder import SECRET_FILE, project_folder
from pelagos.nouns import Experiment, Hypothesis, Metric, OutcomeKind
from sandbox.protocol import Sandbox
from tools.code.program.program import find_targets
from tools.code.program.versions import record_version
from tools.code.task.code_task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain
from tools.paired.compare import collect_arm
from tools.paired.estimate import estimate

PLANS, PROBLEMS, SPLITS = HERE / "plans.jsonl", HERE / "problems.json", HERE / "splits.json"
SEEDS = 3
SECONDS = 900
"""Wall clock that a changed program gets, since a label must not depend on how busy the machine is."""
COMMAND = "python -m benchmarks.plans measure"


def measure(plans: Iterable[CatalogPlan], out: Path, folder: Path, sandbox: Sandbox, workers: int = 1) -> int:
    """Append a row for each plan that `out` lacks; returns how many were measured. `folder` holds the tasks' ledgers;
    `workers` plans are measured at a time."""
    done = {row["id"] for row in read_rows(out) if "id" in row}
    missing = [plan for plan in plans if plan.id not in done]
    if not out.exists():
        append_row(out, {"command": COMMAND, "commit": _commit(), "seeds": SEEDS, "split": "validation"})
    worlds = {task: World(task, folder / task, sandbox) for task in sorted({plan.task for plan in missing})}
    with ThreadPoolExecutor(workers) as pool:
        for row in pool.map(lambda plan: worlds[plan.task].measure(plan), missing):
            append_row(out, row)
            print(f"{row['id']} {row['family']}: {row['outcome']}, effect {row['effect']}, se {row['se']}", flush=True)
    return len(missing)


def describe_tasks(tasks: Iterable[str], out: Path, folder: Path, sandbox: Sandbox) -> None:
    """Write each task's noise (SD of the program's own scores over all of its seeds) and the problem texts by target."""
    told = {task: World(task, folder / task, sandbox).describe() for task in tasks}
    out.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


class World:
    """One task and its ledger, in which finished experiments are found again."""

    def __init__(self, name: str, folder: Path, sandbox: Sandbox) -> None:
        self._task, self._name = load_task(ROOT / "tasks" / name), name
        self._patient = _with_seconds(self._task, SECONDS)
        self._bench, self._toolchain = Bench(folder.resolve(), sandbox), CodeToolchain()
        secret = project_folder(self._bench.project) / SECRET_FILE
        if not secret.exists():
            secret.write_text(json.loads(SPLITS.read_text("utf-8"))[name])
        self._toolchain.prepare(self._task, self._bench)
        self._base = self._toolchain.baseline(self._task, self._bench)

    def measure(self, plan: CatalogPlan) -> Row:
        program = original(self._name).with_files(plan.files)
        version = record_version(self._bench, program, plan.id, None, plan.family)
        ran: list[Experiment] = []
        for seed in self._task.seeds[:SEEDS]:
            ran.append(self._toolchain.experiment(self._patient, version, seed, "validation", self._bench))
            if ran[-1].outcome is not OutcomeKind.OK:
                break
        told = {"id": plan.id, "task": plan.task, "target": plan.target, "family": plan.family, "steps": plan.steps}
        return told | label(self._baseline(SEEDS), ran, self._task.metric, self._bench.artifacts)

    def describe(self) -> dict[str, Any]:
        scores = [experiment.score for experiment in self._baseline(len(self._task.seeds))]
        metric = self._task.metric
        return {
            "metric": metric.name,
            "noise": stdev(score for score in scores if score is not None),
            "scores": scores,
            "problems": {target: self._problem(target) for target in find_targets(original(self._name))},
        }

    def _baseline(self, seeds: int) -> list[Experiment]:
        return [
            self._toolchain.experiment(self._task, self._base, seed, "validation", self._bench)
            for seed in self._task.seeds[:seeds]
        ]

    def _problem(self, target: str) -> str:
        """As `plan` tells it, for a hypothesis that says nothing about what to do."""
        metric = self._task.metric
        better = "higher" if metric.direction.sign > 0 else "lower"
        hypothesis = Hypothesis(
            id="h",
            title=f"A {better} {metric.name} by an edit of {target}",
            statement=f"An edit that begins at {target} gives a {better} {metric.name} than the program has now.",
            rationale="",
            refuted_by="",
            target=target,
        )
        brief = self._toolchain.brief(self._task, self._bench)
        return describe_problem(hypothesis, brief, self._toolchain.material(self._task, target, self._bench))


def label(base: Iterable[Experiment], mine: Iterable[Experiment], metric: Metric, artifacts: ArtifactStore) -> Row:
    """The label of a version from its experiments and the baseline's, on their common seeds. `effect` is oriented:
    positive is better; None where a seed has no finite score."""
    ran = list(mine)
    before, after = collect_arm(base, artifacts), collect_arm(ran, artifacts)
    scores = {"scores": [experiment.score for experiment in ran], "seconds": round(sum(e.seconds for e in ran), 1)}
    if after.failed:
        cause = next(experiment.cause for experiment in ran if experiment.seed in after.failed)
        return {"effect": None, "se": None, "outcome": "fails", "cause": cause, **scores}
    seeds = sorted(after.scores.keys() & before.scores.keys())
    differences = np.array([metric.effect(after.scores[seed], before.scores[seed]) for seed in seeds])
    items = [np.array([one.replicates[seed] for seed in seeds], dtype=float) for one in (after, before)]
    scale = max(abs(one.scores[seed]) for one in (before, after) for seed in seeds)
    found = estimate(differences, metric.direction.sign * (items[0] - items[1]), scale)
    return {"effect": found.effect, "se": found.error, "outcome": "runs", "cause": "", **scores}


def _with_seconds(task: CodeTask, seconds: float) -> CodeTask:
    limits = task.spec.limits.model_copy(update={"seconds": seconds})
    return replace(task, spec=task.spec.model_copy(update={"limits": limits}))


def _commit() -> str:
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    return told.stdout.strip()
