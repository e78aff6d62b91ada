"""The injected faults as data, and the programs that come of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.nouns import Hypothesis, Plan, Step
from tools.code.coding import structure
from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask, load_task

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
        """Addresses of the definitions that hold the fault; the target if the edit changed no meaning."""
        changed = structure.find_changed_definitions(self.program, self.baseline)
        return [address for address in changed if address in self.baseline.definitions] or [self.hypothesis.target]


def load_cases() -> list[Case]:
    """All faults, in the file's order. Raises BadInput where one no longer fits the shipped programs."""
    return [_make_case(raw) for raw in tomllib.loads((HERE / "faults.toml").read_text("utf-8"))["fault"]]


@cache
def _load_task(name: str) -> CodeTask:
    return load_task(TASKS / name)


def _make_case(raw: dict[str, object]) -> Case:
    task = _load_task(str(raw["task"]))
    baseline = load_original(task)
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
