"""A tiny toolchain whose programs are numbers, for the nodes that judge: real ledger, artifacts, steps and budget.

A version's content says how much better it is, and on which seeds it fails; scores get noise from the seed and from
200 item resamples, the same for every version.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agents.nodes.judge import judge
from agents.nodes.reflect import reflect
from agents.run import Run
from agents.state import Lane, initial, lane_of
from memory.artifacts import ArtifactStore
from memory.bank import HypothesisBank
from memory.budget import Budget, Cost
from memory.embedder import hashing
from memory.harvest import entry, record_vector
from memory.keys import step_key
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import CapReached
from pelagos.nouns import (
    Audit,
    Build,
    Direction,
    Experiment,
    Hypothesis,
    Metric,
    NoveltyRule,
    OutcomeKind,
    Plan,
    Split,
    Step,
    Try,
    Version,
)
from pelagos.settings import Caps, Settings

ITEMS = 60


@dataclass
class Numbers:
    """The task."""

    folder: Path
    metric: Metric
    guards: Sequence[Metric] = ()
    seeds: Sequence[int] = tuple(range(10))
    name: str = "numbers"
    topic: str = "numbers"
    toolchain: str = "laboratory"
    papers: Path | None = None
    novelty: NoveltyRule = "label"
    digest: str = "d1"


@dataclass
class Laboratory:
    """`ran` is what was really executed, in order."""

    name: str = "laboratory"
    ran: list[tuple[str, int, str]] = field(default_factory=list)
    base: dict[str, Any] = field(default_factory=dict)
    audited: list[str] = field(default_factory=list)

    def baseline(self, task: Numbers, context: Run) -> Version:
        return self.version("base", self.base, context)

    def version(self, id: str, what: dict[str, Any], context: Run, hypothesis: str | None = None) -> Version:
        content = context.artifacts.put_text(json.dumps(what))
        return Version(id=id, hypothesis=hypothesis, plan=None, content=content)

    def audit(self, task: Numbers, version: Version, context: Run) -> Audit:
        what = json.loads(context.artifacts.text(version.content))
        self.audited.append(version.id)
        if "unaffordable" in what:
            raise CapReached("experiments", 9, 9)
        return Audit(id=version.id, findings=what.get("cheats", []), checks=["its own word"])

    def diff(self, task: Numbers, version: Version, context: Run) -> str:
        return f"+ {context.artifacts.text(version.content)}"

    def experiment(self, task: Numbers, version: Version, seed: int, split: Split, context: Run) -> Experiment:
        key = step_key(version=version.id, seed=seed, split=split)

        def action() -> tuple[dict[str, Any], Cost]:
            self.ran.append((version.id, seed, split))
            return self._result(key, task, version, seed, split, context).model_dump(mode="json"), Cost(experiments=1)

        fact = context.steps.once("experiment", key, {}, Cost(experiments=1), action)
        return Experiment(**{name: fact[name] for name in Experiment.model_fields})

    def _result(self, id: str, task: Numbers, version: Version, seed: int, split: Split, run: Run) -> Experiment:
        what = json.loads(run.artifacts.text(version.content))
        plain = Experiment(
            id=id, version=version.id, hypothesis=version.hypothesis, seed=seed, split=split,
            outcome=OutcomeKind.ERROR, cause="shape", seconds=2.0,
        )  # fmt: skip
        if seed in what.get("fails", []):
            return plain
        better = what.get("sealed", what.get("better", 0.0)) if split == "sealed" else what.get("better", 0.0)
        values = _values(version.id, seed, split, what.get("noise", 0.02))
        values = 0.5 + task.metric.direction.sign * (better + values)
        weights = np.random.default_rng(0).multinomial(ITEMS, np.full(ITEMS, 1 / ITEMS), size=200) / ITEMS
        return plain.model_copy(
            update={
                "outcome": OutcomeKind.OK,
                "cause": "",
                "score": float(values.mean()),
                "replicates": run.artifacts.put_json((weights @ values).tolist()),
                "guards": {"seconds": what.get("slow", 1.0)},
            }
        )


def _values(version: str, seed: int, split: str, noise: float) -> np.ndarray:
    drawn = [int(step_key(parts=parts)[:8], 16) for parts in ([seed, split], [version, seed, split])]
    shared, own = (np.random.default_rng(number).normal(size=ITEMS) for number in drawn)
    return 0.2 * shared + noise * own


class Silent:
    name = "silent"


def run_in(folder: Path, direction: Direction = Direction.UP, **changes: Any) -> Run:
    """A run whose ledger holds nothing yet. `changes` are settings."""
    settings = Settings(**changes)
    with warnings.catch_warnings(action="ignore"):  # it warns, loudly, that it isn't the real one
        embedder = hashing()
    ledger = Ledger.open(folder / "runs" / "r1" / "ledger.db")
    guard = Metric(name="seconds", direction=Direction.DOWN, unit="s", min_effect=2.0)
    task = Numbers(folder, Metric(name="score", direction=direction, min_effect=0.01), [guard])
    parts: dict[str, Any] = {"slots": None, "sandbox": None, "mind": None, "stop": threading.Event()}
    return Run(
        folder=folder / "runs" / "r1",
        project=folder,
        settings=settings,
        planned=settings.hypotheses,
        task=task,
        toolchain=Laboratory(),  # type: ignore[arg-type]
        steps=Steps(ledger, Budget(settings.caps or Caps(), ledger)),
        artifacts=ArtifactStore(folder / "artifacts"),
        bank=HypothesisBank.open(folder, embedder),
        embedder=embedder,
        verifier=Silent(),  # type: ignore[arg-type]
        **parts,
    )


def carried_out(run: Run, id: str, what: dict[str, Any] | None, seeds: Sequence[int] = (0, 1, 2)) -> None:
    """A hypothesis with a plan and a build (None: a build that failed), run on `seeds` with the baseline beside it."""
    run.record(
        Hypothesis(
            id=id, title=f"Idea {id}", statement=f"Do {id}.", rationale="r", predicted_effect=0.02,
            refuted_by="no change", target="a.py::f",
        )
    )  # fmt: skip
    made = entry(run.noun(Hypothesis, id).model_dump(mode="json"), run.origin)
    run.bank.admit(made, record_vector(run.ledger, id, made.text, run.embedder), 2.0)
    run.record(Plan(id=f"{id}-p1", hypothesis=id, steps=[Step(text="do it")], step_scores=[0.8], score=0.8))
    version = run.toolchain.version(f"v-{id}", what, run, id) if what is not None else None  # type: ignore[attr-defined]
    tries = [Try(index=0, kind="draft", cause="")]
    cause = "" if version else "no_edit"
    run.record(
        Build(id=f"{id}-b", hypothesis=id, plan=f"{id}-p1", version=version and version.id, cause=cause, tries=tries)
    )
    if version:
        run.record(version)
        execute(run, version.id, seeds)


def execute(run: Run, version: str, seeds: Sequence[int]) -> None:
    for seed in seeds:
        for one in (run.baseline(), run.noun(Version, version)):
            run.toolchain.experiment(run.task, one, seed, "validation", run)


def at(hypothesis: str = "", **changes: Any) -> Lane:
    """A lane that has `hypothesis` in work."""
    return {**lane_of(initial(), 0), "hypothesis": hypothesis, "kept": True, **changes}  # type: ignore[typeddict-item]


def judged(run: Run, *ids: str, **changes: Any) -> dict[str, list[int]]:
    """Each judged in turn, as their lanes would; version -> the seeds that are due."""
    return {v: seeds for id in ids for v, seeds in judge(at(id, **changes), run)["due"].items()}


def reflected(run: Run, *ids: str, **changes: Any) -> None:
    """Each judged and reflected on in turn."""
    judged(run, *ids, **changes)
    for id in ids:
        reflect(at(id, **changes), run)
