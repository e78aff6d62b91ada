"""Edits of our own making: right ones and sneaky wrong ones, of the shipped digits program (`own.toml`) and, written
when the marks were fixed, of two others (`second.toml`).

The marks were written beside the first, by the same hand as the second: they show that nothing went lost, and flatter.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.fidelity.cases import HERE, Case
from pelagos.nouns import Hypothesis
from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask, load_task

TASK = HERE.parents[1] / "tasks" / "digits"
PROGRAMS = HERE / "programs"
EDITS: list[dict[str, Any]] = tomllib.loads((HERE / "own.toml").read_text("utf-8"))["edit"]
SECOND: list[dict[str, Any]] = tomllib.loads((HERE / "second.toml").read_text("utf-8"))["edit"]
MEASURED = HERE / "own.jsonl"


def read_measured() -> dict[str, dict[str, Any]]:
    """Return the name of each measured edit -> its measurement."""
    lines = MEASURED.read_text("utf-8").splitlines() if MEASURED.exists() else []
    return {measurement["technique"]: measurement for measurement in map(json.loads, lines)}


def make_text(edit: dict[str, Any]) -> str:
    """Return the program with the edit."""
    source = read_program(edit)
    for before, after in zip(edit["old"], edit["new"], strict=True):
        assert before in source, before
        source = source.replace(before, after, 1)
    return source


def read_program(edit: dict[str, Any]) -> str:
    folder = PROGRAMS / edit["program"] if "program" in edit else TASK
    return (folder / "train.py").read_text("utf-8")


def make_diff(edit: dict[str, Any]) -> str:
    sides = read_program(edit).splitlines(True), make_text(edit).splitlines(True)
    return "".join(difflib.unified_diff(*sides, "a/train.py", "b/train.py"))


def named(name: str) -> dict[str, Any]:
    return next(edit for edit in EDITS if edit["name"] == name)


def hypothesis(title: str, statement: str, target: str = "train.py::fit") -> Hypothesis:
    return Hypothesis(id="h1", title=title, statement=statement, rationale="", refuted_by="", target=target)


def make_cases(folder: Path | None = None) -> list[tuple[Case, Program]]:
    """Return the cases, each with the function that the edit changes as its target."""
    task = load_task(folder or TASK)
    return [(_case(edit, task), load_original(task).with_files({"train.py": make_text(edit)})) for edit in EDITS]


def _case(edit: dict[str, Any], task: CodeTask) -> Case:
    old = load_original(task)
    inside = (address for address in old.definitions if edit["old"][-1].split("\n")[0] in old.source(address))
    told = hypothesis(edit["title"], edit["statement"], next(inside, "train.py::fit"))
    return Case(edit["name"], "digits", task, told)
