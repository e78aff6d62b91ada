"""The edits that are asked for: each technique on each program, as hypotheses with their tasks."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fidelity import data
from benchmarks.projects.data import write_table
from pelagos.nouns import Hypothesis, Plan, Step
from tools.code.program.toplevel.statements import TOP_LEVEL
from tools.code.task.code_task import CodeTask, load_task
from tools.literature.knowhow.shipped import load_shipped_notes

HERE = Path(__file__).parent
TABLES = {"blobs": data.draw_blobs, "pulses": data.draw_pulses, "flat": data.draw_flat}


@dataclass(frozen=True)
class Case:
    technique: str
    program: str
    task: CodeTask
    hypothesis: Hypothesis

    @property
    def knowhow(self) -> list[str]:
        """What the product hands to its toolchain: the shipped snippets of the hypothesis' finding."""
        return [note.full_text for note in load_shipped_notes() if set(note.findings) & set(self.hypothesis.papers)]

    @property
    def plan(self) -> Plan:
        return Plan(id=self.hypothesis.id, hypothesis=self.hypothesis.id, steps=[Step(text=self.hypothesis.statement)])


def make_cases(folder: Path) -> list[Case]:
    """Return the cases in rounds that hold every technique once, so that the first part is a fair sample. `folder` holds the tasks."""
    techniques = tomllib.loads((HERE / "techniques.toml").read_text("utf-8"))["technique"]
    tasks = {name: _load_task(name, folder) for name in TABLES}
    names = list(tasks)
    order = [
        (raw, names[(number + turn) % len(names)])
        for turn in range(len(names))
        for number, raw in enumerate(techniques)
    ]
    return [_make_case(raw, name, tasks[name]) for raw, name in order]


def _load_task(name: str, folder: Path) -> CodeTask:
    copy = folder / "tasks" / name
    if not copy.exists():
        shutil.copytree(HERE / "programs" / name, copy)
        write_table(TABLES[name](), copy / "data.csv")
    return load_task(copy)


def _make_case(raw: dict[str, str], program: str, task: CodeTask) -> Case:
    hypothesis = Hypothesis(
        id=f"{raw['name']}-{program}",
        title=raw["title"],
        statement=raw["statement"],
        rationale="",
        refuted_by="",
        target=f"train.py::{dict(raw['targets']).get(program, TOP_LEVEL)}",
        papers=[raw["finding"]],
    )
    return Case(raw["name"], program, task, hypothesis)
