"""Finds the coder's replies in runs and adds them to the corpus: those that were refused, those that left a program
which can't run, and, as controls, those that were taken.

Each reply is applied to the task's own program at the target that its prompt names. Repairs of definitions that only
an earlier edit had made are left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.replies import corpus
from benchmarks.replies.corpus import Case
from memory.artifacts import ArtifactStore
from memory.ledger import Ledger
from tools.code.program import Program

_DRAFT = re.compile(r"(?:Make this change|A change is to be made) in `([^`]+::[^`]+)`")
_REPAIR = re.compile(r"the complete corrected `([\w.]+)`")
OUTCOME = Path(__file__).with_name("outcome.py")


def collect(runs: Sequence[Path], code: Path) -> Counter[str]:
    """Add what is new in these runs; `code` is the checkout whose outcome is recorded. Returns the replies by cause."""
    known = {case.id: case for case in corpus.load()}
    found = {case.id: case for run in runs for case in _replies(run) if case.id not in known}
    counts = Counter[str]()
    for case, before in zip(found.values(), outcomes(list(found.values()), code), strict=True):
        cause = before.get("refuse") or before["fault"] or corpus.TAKEN
        counts[cause] += 1
        known[case.id] = replace(case, cause=cause, before=before)
    corpus.save(known.values())
    return counts


def outcomes(cases: Sequence[Case], code: Path) -> list[dict[str, Any]]:
    """What another checkout's code makes of the replies."""
    asked = []
    for case in cases:
        program = corpus.program(case)
        asked.append({**_plain(program), "target": case.target, "reply": case.reply})
    done = subprocess.run(
        [sys.executable, str(OUTCOME)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _plain(program: Program) -> dict[str, Any]:
    return {"files": dict(program.files), "editable": list(program.editable)}


def _replies(run: Path) -> Iterator[Case]:
    """The coder's replies of a run, in order, whose target stands in the task's program."""
    task = json.loads((run / "run.json").read_text("utf-8"))["task"]
    task = Path(str(task)).name
    artifacts, program = ArtifactStore(run / "artifacts"), corpus.baseline(task)
    ledger = Ledger.read(run / "ledger.db")
    for event in ledger.events("model"):
        if event.payload["role"] != "coder":
            continue
        kind, target = asked_for(str(artifacts.json(event.payload["messages"])[-1]["content"]), program)
        if target:
            reply = event.payload["text"]
            id = corpus.identity(task, target, reply)
            yield Case(id, task, corpus.hashes(program), target, kind, "", run.name, reply, {})
    ledger.close()


def asked_for(prompt: str, program: Program) -> tuple[str, str]:
    """Whether a prompt asks for a draft or a repair, and its target; "" where the program has no such definition."""
    if drafted := _DRAFT.search(prompt):
        return "draft", drafted[1] if drafted[1] in program.definitions else ""
    repaired = _REPAIR.search(prompt)
    if repaired is None:
        return "", ""
    same = [one for one in program.definitions if one.partition("::")[2] == repaired[1]]
    shown = [one for one in same if f"# {one}\n" in prompt] or same
    return "repair", shown[0] if len(shown) == 1 else ""
