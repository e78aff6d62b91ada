"""A second, tiny toolchain: plans are calls of typed tools on the columns of a small table; no code is written.

It proves that graph, nodes, judge and report know nothing of code. A version is a list of column transformations; an
experiment fits a ridge regression on a resample of the training rows (the seed picks it) and predicts; labels stay on
the scoring side. Everything is deterministic. Each execution appends its key to the file that TABLE_CALLS names.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from memory.ledger.keys import step_key
from pelagos.errors import BadInput
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
    Signature,
    Split,
    Try,
    Version,
)
from tools.evidence import Evidence
from tools.paired.compare import compare
from tools.toolchain import Briefing, Context, Section, Tool

COLUMNS = ("a", "b", "c", "d")
ROWS = 150
CALLS = "TABLE_CALLS"
LAG = "TABLE_LAG_S"


class Column(BaseModel):
    model_config = ConfigDict(extra="forbid")
    column: str


def square(table: dict[str, Any], column: str) -> None:
    """Add the square of a column."""
    table[f"{column}^2"] = table[column] ** 2


def drop(table: dict[str, Any], column: str) -> None:
    """Remove a column."""
    del table[column]


def double(table: dict[str, Any], column: str) -> None:
    """Multiply a column by two."""
    table[column] = table[column] * 2


def spoil(table: dict[str, Any], column: str) -> None:
    """Make a column NaN: the fit then can't be scored."""
    table[column] = table[column] * np.nan


def oracle(table: dict[str, Any], column: str) -> None:
    """Take a column as the prediction, whatever the training rows say."""
    table["oracle"] = table["a"] ** 2 + table["b"] + 0.5 * table["c"] ** 2


TOOLS: dict[str, Callable[..., None]] = {tool.__name__: tool for tool in (square, drop, double, spoil, oracle)}


@dataclass(frozen=True)
class TableTask:
    folder: Path
    name: str
    topic: str
    description: str
    metric: Metric
    seeds: tuple[int, ...]
    digest: str
    broken: bool = False
    toolchain: str = "table"
    guards: tuple[Metric, ...] = ()
    papers: Path | None = None
    novelty: NoveltyRule = "label"


class TableToolchain:
    name = "table"

    def load(self, folder: Path) -> TableTask:
        if not (folder / "task.yaml").is_file():
            raise BadInput(f"{folder / 'task.yaml'}: missing")
        raw = yaml.safe_load((folder / "task.yaml").read_text())
        if "name" not in raw:
            raise BadInput(f"{folder / 'task.yaml'}: name is missing")
        papers = folder / "papers.jsonl"
        return TableTask(
            folder=folder,
            name=raw["name"],
            topic="regression on a small table",
            description="Predict y from the columns of a table with a linear model.",
            metric=Metric(name="rmse", direction=Direction.DOWN, min_effect=0.05),
            seeds=tuple(range(raw.get("seeds", 8))),
            digest=hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest(),
            broken=raw.get("broken", False),
            papers=papers if papers.exists() else None,
            novelty=raw.get("novelty", "label"),
        )

    def prepare(self, task: TableTask, context: Context) -> None:
        """Nothing: the table is drawn when it is needed."""

    def brief(self, task: TableTask, context: Context) -> Briefing:
        targets = {column: f"the column {column}" for column in COLUMNS}
        overview = f"columns: {', '.join(COLUMNS)}; target: y; model: ridge regression"
        return Briefing(task.topic, task.description, targets, overview, "Every step calls one tool.")

    def material(self, task: TableTask, target: str, context: Context) -> str:
        return f"column {target}: {ROWS} numbers"

    def tools(self, task: TableTask) -> Sequence[Tool]:
        schema = Column.model_json_schema()
        return [Tool(name, call.__doc__ or "", schema, call) for name, call in TOOLS.items()]

    def baseline(self, task: TableTask, context: Context) -> Version:
        calls: list[Any] = [{"tool": "spoil", "arguments": {"column": "a"}}] if task.broken else []
        return Version(id="untouched", hypothesis=None, plan=None, content=context.artifacts.put_json(calls))

    def build(self, task: TableTask, hypothesis: Hypothesis, plan: Plan, context: Context) -> Build:
        calls = [step.call for step in plan.steps]
        id, fault = step_key(plan=plan.id), _fault(calls)
        tries = [Try(index=0, kind="draft", cause="bad_call" if fault else "", detail=fault)]
        made = None
        if not fault:
            content = context.artifacts.put_json(calls)
            made = Version(id=f"{plan.id}-v", hypothesis=hypothesis.id, plan=plan.id, content=content)
            context.steps.ledger.append("version", made.id, made.model_dump(mode="json"))
        return Build(
            id=id, hypothesis=hypothesis.id, plan=plan.id, version=made and made.id, cause=tries[0].cause, tries=tries
        )

    def experiment(self, task: TableTask, version: Version, seed: int, split: Split, context: Context) -> Experiment:
        key = step_key(version=version.content, id=version.id, seed=seed, split=split)

        def action() -> tuple[dict[str, Any], Cost]:
            _told(key)
            with context.slot():
                time.sleep(float(os.environ.get(LAG, "0")))
                made = _executed(key, version, seed, split, context)
            return made.model_dump(mode="json"), Cost(experiments=1)

        fact = context.steps.once("experiment", key, {"version": version.id}, Cost(experiments=1), action)
        return Experiment(**{name: fact[name] for name in Experiment.model_fields})

    def evidence(
        self,
        task: TableTask,
        experiments: Sequence[Experiment],
        compared: Sequence[Experiment],
        confidence: float,
        context: Context,
    ) -> Evidence:
        return compare(compared, experiments, task, confidence, context.artifacts)

    def audit(self, task: TableTask, version: Version, context: Context) -> Audit:
        """One control: fitted to the training labels with their signs changed, the predictions have to change."""
        key, calls = step_key(control=version.content), context.artifacts.json(version.content)

        def action() -> tuple[dict[str, Any], Cost]:
            _told(key)
            seed = task.seeds[0]
            honest, control = (_predict(calls, seed, "validation", sign) for sign in (1.0, -1.0))
            return {"same": bool(np.array_equal(honest, control))}, Cost(experiments=1)

        fact = context.steps.once("control", key, {"version": version.id}, Cost(experiments=1), action)
        findings = ["its predictions don't change with the training labels"] if fact["same"] else []
        return Audit(id=version.id, findings=findings, checks=["control"])

    def signature(self, task: TableTask, version: Version, context: Context) -> Signature:
        """A version does what its calls say; the columns are those that its model sees."""
        calls = context.artifacts.json(version.content)

        def action() -> tuple[dict[str, Any], Cost]:
            table: dict[str, Any] = {column: np.zeros(1) for column in COLUMNS}
            for call in calls:
                TOOLS[call["tool"]](table, **call["arguments"])
            made = sorted(f"{call['tool']}({call['arguments']['column']})" for call in calls)
            told = Signature(
                id=version.id, hypothesis=version.hypothesis, amounts={"columns": len(table)}, names={"tools": made}
            )
            return told.model_dump(mode="json"), Cost()

        key = step_key(version=version.id, task=task.digest)
        fact = context.steps.once("signature", key, {"version": version.id}, Cost(), action)
        return Signature(**{name: fact[name] for name in Signature.model_fields})

    def diff(self, task: TableTask, version: Version, context: Context) -> str:
        calls = context.artifacts.json(version.content)
        return "\n".join(f"+ {call['tool']}({call['arguments']['column']})" for call in calls)

    def section(self, task: TableTask, context: Context) -> Section:
        return Section("Tools called", [("columns", ", ".join(COLUMNS))])


def write_task(folder: Path, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text(yaml.safe_dump({"toolchain": "table", "name": "table", **more}))
    papers = [
        {"id": f"p{n}", "title": f"Paper {n} on regression", "abstract": f"Squares of a table's columns, part {n}."}
        for n in range(5)
    ]
    (folder / "papers.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    return folder


def _told(key: str) -> None:
    if CALLS in os.environ:
        with open(os.environ[CALLS], "a") as file:
            file.write(f"experiment {key}\n")


def _fault(calls: Sequence[dict[str, Any] | None]) -> str:
    for call in calls:
        if call is None or call["tool"] not in TOOLS:
            return "a step calls no tool"
        try:
            if Column(**call["arguments"]).column not in COLUMNS:
                return f"no column {call['arguments']['column']}"
        except ValidationError as error:
            return str(error.errors()[0]["msg"])
    return ""


def _executed(key: str, version: Version, seed: int, split: Split, context: Context) -> Experiment:
    predictions = _predict(context.artifacts.json(version.content), seed, split)
    bad = not np.isfinite(predictions).all()
    shown = Experiment(
        id=key, version=version.id, hypothesis=version.hypothesis, seed=seed, split=split, seconds=0.5,
        outcome=OutcomeKind.INVALID if bad else OutcomeKind.OK, cause="NaN in the predictions" if bad else "",
        files={"log": context.artifacts.put_text(f"fitted with seed {seed}")}, isolation="none: no code is run",
    )  # fmt: skip
    return shown if bad else shown.model_copy(update=_score(predictions, split, context))


def _score(predictions: np.ndarray, split: Split, context: Context) -> dict[str, Any]:
    errors = (predictions - _table(split)["y"]) ** 2
    weights = np.random.default_rng(0).multinomial(ROWS, np.full(ROWS, 1 / ROWS), size=200) / ROWS
    replicates = context.artifacts.put_json(np.sqrt(weights @ errors).round(9).tolist())
    return {"score": round(float(np.sqrt(errors.mean())), 9), "replicates": replicates, "data": split}


def _table(split: str) -> dict[str, Any]:
    draw = np.random.default_rng({"train": 1, "validation": 2, "sealed": 3, "smoke": 4}[split])
    table: dict[str, Any] = {column: draw.normal(size=ROWS) for column in COLUMNS}
    y = table["a"] ** 2 + table["b"] + 0.5 * table["c"] ** 2 + 0.3 * draw.normal(size=ROWS)
    return {**table, "y": y}


def _predict(calls: list[dict[str, Any]], seed: int, split: str, sign: float = 1.0) -> np.ndarray:
    train, test = _table("train"), _table(split)
    y = sign * train.pop("y")
    del test["y"]
    for call in calls:
        for table in (train, test):
            TOOLS[call["tool"]](table, **call["arguments"])
    if "oracle" in test:
        return np.asarray(test["oracle"])
    rows = np.random.default_rng(seed).integers(ROWS, size=ROWS)
    x = np.column_stack([np.ones(ROWS), *train.values()])[rows]
    weights = np.linalg.pinv(x.T @ x + 0.1 * np.eye(x.shape[1])) @ x.T @ y[rows] if np.isfinite(x).all() else np.nan
    return np.column_stack([np.ones(ROWS), *test.values()]) @ (weights * np.ones(x.shape[1]))
