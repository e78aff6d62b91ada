"""The members of tools.toolchain.Toolchain: what the graph asks for, made of the domain in `fitting`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curves.fitting import TERMS, fit_and_predict, measure_errors, select_points
from curves.task import CurveTask, load_task
from memory.files.project_secret import read_secret
from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from pelagos.nouns import Audit, Build, Experiment, Hypothesis, OutcomeKind, Plan, Split, Try, Version
from tools.evidence import Evidence
from tools.paired.compare import compare
from tools.toolchain import Briefing, Context, Section, Tool

ADD = Tool(
    "add_term",
    "Add a term to the regression.",
    {
        "type": "object",
        "properties": {"term": {"enum": sorted(TERMS)}},
        "required": ["term"],
        "additionalProperties": False,
    },
)


class CurveToolchain:
    """Holds nothing: all that must survive is in the ledger."""

    name = "curves"

    def load(self, folder: Path) -> CurveTask:
        return load_task(folder)

    def prepare(self, task: CurveTask, context: Context) -> None:
        read_secret(context.project)  # makes it where there is none; it draws the splits and is shown to no model

    def brief(self, task: CurveTask, context: Context) -> Briefing:
        overview = f"{len(task.points)} points (x, y); the model is a line; terms that can be added: {', '.join(TERMS)}"
        return Briefing(
            task.topic, task.description, {"model": "the terms of the regression"}, overview, "Each step adds one term."
        )

    def material(self, task: CurveTask, target: str, context: Context) -> str:
        return "y = a + b x"

    def tools(self, task: CurveTask) -> Sequence[Tool]:
        return [ADD]

    def baseline(self, task: CurveTask, context: Context) -> Version:
        content = context.artifacts.put_json([])
        return Version(id="line", hypothesis=None, plan=None, content=content, summary="a straight line")

    def build(self, task: CurveTask, hypothesis: Hypothesis, plan: Plan, context: Context) -> Build:
        """A plan with a call that doesn't fit becomes no version: failures are data."""
        terms, version = [_read_term(step.call) for step in plan.steps], None
        fault = "" if all(terms) else f"a step doesn't call {ADD.name} with one of {', '.join(TERMS)}"
        if not fault:
            content = context.artifacts.put_json(terms)
            version = Version(id=f"{plan.id}-v", hypothesis=hypothesis.id, plan=plan.id, content=content)
            context.steps.ledger.record(version, version.id)
        tried = Try(index=0, kind="draft", cause="bad_call" if fault else "", detail=fault)
        return Build(
            id=step_key(plan=plan.id),
            hypothesis=hypothesis.id,
            plan=plan.id,
            version=version.id if version else None,
            cause=tried.cause,
            tries=[tried],
        )

    def experiment(self, task: CurveTask, version: Version, seed: int, split: Split, context: Context) -> Experiment:
        """Made once: `steps.once` gives what is recorded under the same key."""
        key = step_key(version=version.content, id=version.id, seed=seed, split=split, task=task.digest)

        def action() -> tuple[dict[str, Any], Cost]:
            with context.slot():
                made = _run_experiment(task, version, seed, split, key, context)
            return made.model_dump(mode="json"), Cost(experiments=1)

        intent = {"version": version.id, "seed": seed, "split": split}
        fact = context.steps.once("experiment", key, intent, Cost(experiments=1), action)
        return Experiment(**{name: fact[name] for name in Experiment.model_fields})

    def evidence(
        self,
        task: CurveTask,
        experiments: Sequence[Experiment],
        compared: Sequence[Experiment],
        confidence: float,
        context: Context,
    ) -> Evidence:
        return compare(compared, experiments, task, confidence, context.artifacts)

    def audit(self, task: CurveTask, version: Version, context: Context) -> Audit:
        """Nothing that a model wrote is run, so there is nothing to find."""
        return Audit(id=version.id, findings=[], checks=[])

    def diff(self, task: CurveTask, version: Version, context: Context) -> str:
        return "\n".join(f"+ {term}" for term in context.artifacts.json(version.content))

    def section(self, task: CurveTask, context: Context) -> Section:
        return Section("Terms", [("can be added", ", ".join(TERMS))])


def _read_term(call: dict[str, Any] | None) -> str:
    """The term of a call; "" where it calls something else."""
    term = call["arguments"].get("term") if call and call["tool"] == ADD.name else ""
    return term if term in TERMS else ""


def _run_experiment(
    task: CurveTask, version: Version, seed: int, split: Split, key: str, context: Context
) -> Experiment:
    secret = int.from_bytes(read_secret(context.project)[:8], "big")
    x, y = select_points(task.points, split, secret)
    predicted = fit_and_predict(
        context.artifacts.json(version.content), select_points(task.points, "train", secret), x, seed
    )
    score, replicates = measure_errors(predicted, y)
    return Experiment(
        id=key, version=version.id, hypothesis=version.hypothesis, seed=seed, split=split, outcome=OutcomeKind.OK,
        score=score, replicates=context.artifacts.put_json(replicates), data=f"{task.digest}/{split}",
        isolation="none: no code of a model is run",
    )  # fmt: skip
