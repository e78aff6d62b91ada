"""The replies as data: what was collected (`corpus.jsonl`) and what a reader says should be taken (`expected.toml`).
A reply that was taken and that has no annotation must be taken in the same way as before.

A task's program is named by the hashes of its files, and a case is not judged on other ones. In `expected.toml` each
table is named by a reply's id and holds `refuse` (a cause, or "any") or a table `take`: path -> the definitions and
constants that must differ from the task's program or be new, as the reply writes them; `faulty = true` says that they
can't run as the model wrote them.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pelagos.errors import BadInput
from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.task.code_task import load_task

HERE = Path(__file__).parent
TAKEN = "taken"
TASKS = HERE.parents[1] / "tasks"
CORPUS, EXPECTED = HERE / "corpus.jsonl", HERE / "expected.toml"


@dataclass(frozen=True)
class Case:
    """One reply. `before` is what the code of the time of collection made of it (`outcome`), `cause` its class."""

    id: str
    task: str
    files: dict[str, str]
    target: str
    kind: str
    cause: str
    run: str
    reply: str
    before: dict[str, Any]
    expected: dict[str, Any] = field(default_factory=dict)


def load() -> list[Case]:
    """Return the corpus with its annotations. Raises BadInput where an annotation has no reply."""
    rows = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()] if CORPUS.exists() else []
    expected = tomllib.loads(EXPECTED.read_text("utf-8")) if EXPECTED.exists() else {}
    if unknown_ids := set(expected) - {row["id"] for row in rows}:
        raise BadInput(f"{EXPECTED.name}: no reply has the id {', '.join(sorted(unknown_ids))}")
    return [Case(**row, expected=expected.get(row["id"], _expect_control(row))) for row in rows]


def _expect_control(raw: dict[str, Any]) -> dict[str, Any]:
    return {"take": raw["before"]["take"]} if raw["cause"] == TAKEN else {}


def save(cases: Iterable[Case]) -> None:
    rows = [{name: value for name, value in asdict(case).items() if name != "expected"} for case in cases]
    CORPUS.write_text("".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows), "utf-8")


def load_program(case: Case) -> Program:
    """Return the program that the reply was meant for. Raises BadInput if the task's files are not those of the corpus."""
    program = load_baseline(case.task)
    if hash_files(program) != case.files:
        raise BadInput(f"the files of task {case.task!r} changed since {case.id} was collected")
    return program


@cache
def load_baseline(task: str) -> Program:
    return load_original(load_task(TASKS / task))


def hash_files(program: Program) -> dict[str, str]:
    return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in program.files.items()}


def make_id(task: str, target: str, reply: str) -> str:
    """Return the id; the same reply to the same target has the same one."""
    return "r" + hashlib.sha256(f"{task}\n{target}\n{reply}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
