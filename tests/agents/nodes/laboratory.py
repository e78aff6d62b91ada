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
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from agents.nodes.judge import judge
from agents.nodes.reflect import reflect
from agents.run import Run
from agents.state import Lane, make_initial_state, open_lane
from memory.artifacts import ArtifactStore
from memory.bank.backfill import make_entry, record_vector
from memory.bank.bank import HypothesisBank
from memory.embedders.embedder import hashing
from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import BadReply
from pelagos.facts.fact import Cost
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
from tools.evidence import Evidence
from tools.paired.compare import compare
from tools.toolchain import Briefing, Message, Tool

T = TypeVar("T", bound=BaseModel)

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
    """`executed` lists (version, seed, split) in the order of execution, `received` the plans that were built."""

    name: str = "laboratory"
    executed: list[tuple[str, int, str]] = field(default_factory=list)
    baseline_program: dict[str, Any] = field(default_factory=dict)
    audited: list[str] = field(default_factory=list)
    sealed_findings: list[str] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=lambda: {"a.py::f": "the number"})
    offered_tools: list[Tool] = field(default_factory=list)
    received: list[Plan] = field(default_factory=list)

    def brief(self, task: Numbers, context: Run) -> Briefing:
        return Briefing("numbers", "Make the number larger.", self.targets, "one number", "One step, one number.")

    def tools(self, task: Numbers) -> list[Tool]:
        return self.offered_tools

    def material(self, task: Numbers, target: str, context: Run) -> str:
        return f"{self.targets.get(target, target)} of {target}"

    def baseline(self, task: Numbers, context: Run) -> Version:
        return self.version("base", self.baseline_program, context)

    def version(self, id: str, program: dict[str, Any], context: Run, hypothesis: str | None = None) -> Version:
        content = context.artifacts.put_text(json.dumps(program))
        return Version(id=id, hypothesis=hypothesis, plan=None, content=content)

    def evidence(
        self,
        task: Numbers,
        experiments: Sequence[Experiment],
        compared: Sequence[Experiment],
        confidence: float,
        context: Run,
    ) -> Evidence:
        return compare(compared, experiments, task, confidence, context.artifacts)

    def audit(self, task: Numbers, version: Version, context: Run) -> Audit:
        program = json.loads(context.artifacts.text(version.content))
        self.audited.append(version.id)
        return Audit(id=version.id, findings=program.get("cheats", []), checks=["its own word"])

    def audit_sealed(self, task: Numbers, version: Version, seeds: Sequence[int], context: Run) -> Audit:
        return Audit(id=version.id, findings=self.sealed_findings)

    def build(self, task: Numbers, hypothesis: Hypothesis, plan: Plan, context: Run) -> Build:
        """The first step is the program, as JSON. Raises BadReply if it isn't JSON."""
        self.received.append(plan)
        try:
            program = json.loads(plan.steps[0].text)
        except ValueError as error:
            raise BadReply(str(error)) from error
        version = self.version(f"v-{plan.id}", program, context, hypothesis.id) if program else None
        if version:
            context.record(version)
        id, cause = version and version.id, "" if version else "no_edit"
        return Build(id=f"b-{plan.id}", hypothesis=hypothesis.id, plan=plan.id, version=id, cause=cause, tries=[])

    def diff(self, task: Numbers, version: Version, context: Run) -> str:
        return f"+ {context.artifacts.text(version.content)}"

    def experiment(self, task: Numbers, version: Version, seed: int, split: Split, context: Run) -> Experiment:
        key = step_key(version=version.id, seed=seed, split=split)

        def action() -> tuple[dict[str, Any], Cost]:
            self.executed.append((version.id, seed, split))
            return self._make_result(key, task, version, seed, split, context).model_dump(mode="json"), Cost(
                experiments=1
            )

        fact = context.steps.once("experiment", key, {}, Cost(experiments=1), action)
        return Experiment(**{name: fact[name] for name in Experiment.model_fields})

    def _make_result(self, id: str, task: Numbers, version: Version, seed: int, split: Split, run: Run) -> Experiment:
        program = json.loads(run.artifacts.text(version.content))
        failed = Experiment(
            id=id, version=version.id, hypothesis=version.hypothesis, seed=seed, split=split,
            outcome=OutcomeKind.ERROR, cause="shape", seconds=2.0,
        )  # fmt: skip
        if seed in program.get("fails", []):
            return failed
        better = program.get("sealed", program.get("better", 0.0)) if split == "sealed" else program.get("better", 0.0)
        noise_seed = 0 if program.get("seedless") else seed
        values = _draw_values(version.id, noise_seed, split, program.get("noise", 0.02))
        values = 0.5 + task.metric.direction.sign * (better + values)
        weights = np.random.default_rng(0).multinomial(ITEMS, np.full(ITEMS, 1 / ITEMS), size=200) / ITEMS
        return failed.model_copy(
            update={
                "outcome": OutcomeKind.OK,
                "cause": "",
                "score": float(values.mean()),
                "replicates": run.artifacts.put_json((weights @ values).tolist()),
                "guards": {"seconds": program.get("slow", 1.0)},
            }
        )


def _draw_values(version: str, seed: int, split: str, noise: float) -> np.ndarray:
    random_seeds = [int(step_key(parts=parts)[:8], 16) for parts in ([seed, split], [version, seed, split])]
    shared, own = (np.random.default_rng(number).normal(size=ITEMS) for number in random_seeds)
    return 0.2 * shared + noise * own


class Silent:
    name = "silent"


@dataclass
class Scripted:
    """A model that replies with `replies[sample - first_sample]`, later with the last one; None is a reply that doesn't
    fit. `requests`: sample -> the question and the keyword arguments."""

    replies: Sequence[dict[str, Any] | None]
    strong: bool = True
    first_sample: int = 0
    rates: tuple[float | None, float | None] = (None, None)
    requests: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def ask_json(self, messages: Sequence[Message], schema: type[T], *, sample: int = 0, **options: Any) -> T:
        self.requests[sample] = messages[-1].content, options
        reply = self.replies[min(sample - self.first_sample, len(self.replies) - 1)]
        if reply is None:
            raise BadReply("nothing that fits")
        try:
            return schema.model_validate(reply)
        except ValidationError as error:
            raise BadReply(str(error)) from error


def open_run(folder: Path, direction: Direction = Direction.UP, place: Path | None = None, **changes: Any) -> Run:
    """Open a run with an empty ledger, in `place` or under the project's `runs/`. `changes` are settings."""
    place = place or folder / "runs" / "r1"
    settings = Settings(**changes)
    with warnings.catch_warnings(action="ignore"):  # it warns that it isn't the real one
        embedder = hashing()
    ledger = Ledger.open(place / "ledger.db")
    guard = Metric(name="seconds", direction=Direction.DOWN, unit="s", min_effect=2.0)
    task = Numbers(folder, Metric(name="score", direction=direction, min_effect=0.01), [guard])
    absent: dict[str, Any] = {"slots": None, "sandbox": None, "role_models": None, "stop": threading.Event()}
    return Run(
        folder=place,
        project=folder,
        settings=settings,
        task=task,
        toolchain=Laboratory(),  # type: ignore[arg-type]
        steps=Steps(ledger, Budget(settings.caps or Caps(), ledger)),
        artifacts=ArtifactStore(folder / "artifacts"),
        bank=HypothesisBank.open(folder, embedder),
        embedder=embedder,
        verifier=Silent(),  # type: ignore[arg-type]
        **absent,
    )


def carry_out(
    run: Run,
    id: str,
    program: dict[str, Any] | None,
    seeds: Sequence[int] = (0, 1, 2),
    plan: str = "",
    statement: str = "",
) -> None:
    """Record a hypothesis with a plan and a build (`program` None: a build that failed), and run it on `seeds` with the
    baseline beside it. `plan` distinguishes several plans of one hypothesis."""
    suffix = f"-{plan}" if plan else ""
    run.record(
        Hypothesis(
            id=id, title=f"Idea {id}", statement=statement or f"Do {id}.", rationale="r", predicted_effect=0.02,
            refuted_by="no change", target="a.py::f",
        )
    )  # fmt: skip
    entry = make_entry(run.noun(Hypothesis, id), run.origin)
    run.bank.admit(entry, record_vector(run.ledger, id, entry.text, run.embedder), 2.0)
    run.record(Plan(id=f"{id}-p1", hypothesis=id, steps=[Step(text="do it")], step_scores=[0.8], score=0.8))
    version = run.toolchain.version(f"v-{id}{suffix}", program, run, id) if program is not None else None  # type: ignore[attr-defined]
    tries = [Try(index=0, kind="draft", cause="")]
    cause = "" if version else "no_edit"
    run.record(
        Build(
            id=f"{id}-b{suffix}",
            hypothesis=id,
            plan=f"{id}-p1",
            version=version and version.id,
            cause=cause,
            tries=tries,
        )
    )
    if version:
        run.record(version)
        execute(run, version.id, seeds)


def execute(run: Run, version: str, seeds: Sequence[int]) -> None:
    for seed in seeds:
        for arm in (run.baseline(), run.noun(Version, version)):
            run.toolchain.experiment(run.task, arm, seed, "validation", run)


def make_lane(hypothesis: str = "", **changes: Any) -> Lane:
    """Return the state of a lane whose hypothesis in progress is `hypothesis`."""
    return {**open_lane(make_initial_state(), 0), "hypothesis": hypothesis, "kept": True, **changes}  # type: ignore[typeddict-item]


def judge_all(run: Run, *ids: str, **changes: Any) -> dict[str, list[int]]:
    """Judge each in turn, as their lanes would. Returns version -> the seeds that are due."""
    return {version: seeds for id in ids for version, seeds in judge(make_lane(id, **changes), run)["due"].items()}


def reflect_all(run: Run, *ids: str, **changes: Any) -> None:
    """Judge all, then reflect on each."""
    judge_all(run, *ids, **changes)
    for id in ids:
        reflect(make_lane(id, **changes), run)
