"""The injected faults as data, and the programs that come of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.nouns import Hypothesis, Plan, Step
from tools.code import structure
from tools.code.program import Program
from tools.code.task import CodeTask, load_task
from tools.code.versions import untouched

HERE = Path(__file__).parent
TASKS = HERE.parents[1] / "tasks"
KINDS = ("module", "shape", "name", "argument", "timeout", "nan", "noedit")


@dataclass(frozen=True)
class Case:
    """`cause` is the class that the smoke run of `program` must end with."""

    id: str
    kind: str
    cause: str
    task: CodeTask
    hypothesis: Hypothesis
    baseline: Program
    program: Program

    @property
    def plan(self) -> Plan:
        return Plan(id=self.id, hypothesis=self.id, steps=[Step(text=self.hypothesis.statement)])

    @property
    def faulty(self) -> list[str]:
        """Addresses of the definitions that hold the fault; the target where the edit changed nothing in meaning."""
        changed = structure.changed_definitions(self.program, self.baseline)
        return [one for one in changed if one in self.baseline.definitions] or [self.hypothesis.target]


def cases() -> list[Case]:
    """All faults, in the file's order. Raises BadInput where one no longer fits the shipped programs."""
    return [_case(raw) for raw in tomllib.loads((HERE / "faults.toml").read_text("utf-8"))["fault"]]


@cache
def _task(name: str) -> CodeTask:
    return load_task(TASKS / name)


def _case(raw: dict[str, object]) -> Case:
    task = _task(str(raw["task"]))
    baseline = untouched(task)
    files = dict(baseline.files)
    for edit in raw["edits"]:  # type: ignore[attr-defined]
        text = files[edit["path"]]
        if text.count(edit["old"]) != 1:
            raise BadInput(f"faults.toml: {raw['id']}: {edit['path']} must hold this once: {edit['old']!r}")
        files[edit["path"]] = text.replace(edit["old"], edit["new"])
    idea = str(raw["idea"])
    hypothesis = Hypothesis(
        id=str(raw["id"]),
        title=idea.rstrip("."),
        statement=idea,
        rationale="",
        predicted_effect=0.0,
        refuted_by="",
        target=str(raw["target"]),
    )
    return Case(
        id=str(raw["id"]),
        kind=str(raw["kind"]),
        cause=str(raw["cause"]),
        task=task,
        hypothesis=hypothesis,
        baseline=baseline,
        program=baseline.with_files(files),
    )
