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
from tools.code.program import Program
from tools.code.task import load_task
from tools.code.versions import untouched

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
    """The corpus with its annotations. Raises BadInput where an annotation has no reply."""
    raw = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()] if CORPUS.exists() else []
    expected = tomllib.loads(EXPECTED.read_text("utf-8")) if EXPECTED.exists() else {}
    if strange := set(expected) - {one["id"] for one in raw}:
        raise BadInput(f"{EXPECTED.name}: no reply has the id {', '.join(sorted(strange))}")
    return [Case(**one, expected=expected.get(one["id"], _control(one))) for one in raw]


def _control(raw: dict[str, Any]) -> dict[str, Any]:
    return {"take": raw["before"]["take"]} if raw["cause"] == TAKEN else {}


def save(cases: Iterable[Case]) -> None:
    rows = [{name: value for name, value in asdict(case).items() if name != "expected"} for case in cases]
    CORPUS.write_text("".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows), "utf-8")


def program(case: Case) -> Program:
    """The program that the reply was meant for. Raises BadInput where the task's files are not those of the corpus."""
    found = baseline(case.task)
    if hashes(found) != case.files:
        raise BadInput(f"the files of task {case.task!r} changed since {case.id} was collected")
    return found


@cache
def baseline(task: str) -> Program:
    return untouched(load_task(TASKS / task))


def hashes(program: Program) -> dict[str, str]:
    return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in program.files.items()}


def identity(task: str, target: str, reply: str) -> str:
    """The same reply to the same target has the same id."""
    return "r" + hashlib.sha256(f"{task}\n{target}\n{reply}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
