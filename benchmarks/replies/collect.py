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
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call
from tools.code.program.program import Program

_DRAFT = re.compile(r"(?:Make this change|A change is to be made) in `([^`]+::[^`]+)`")
_REPAIR = re.compile(r"the complete corrected `([\w.]+)`")
OUTCOME = Path(__file__).with_name("outcome.py")


def collect(runs: Sequence[Path], code: Path) -> Counter[str]:
    """Add what is new in these runs; `code` is the checkout whose outcome is recorded. Returns the replies by cause."""
    known = {case.id: case for case in corpus.load()}
    new_cases = {case.id: case for run in runs for case in _read_replies(run) if case.id not in known}
    counts = Counter[str]()
    for case, before in zip(new_cases.values(), compute_outcomes(list(new_cases.values()), code), strict=True):
        cause = before.get("refuse") or before["fault"] or corpus.TAKEN
        counts[cause] += 1
        known[case.id] = replace(case, cause=cause, before=before)
    corpus.save(known.values())
    return counts


def compute_outcomes(cases: Sequence[Case], code: Path) -> list[dict[str, Any]]:
    """Return what another checkout's code makes of the replies."""
    jobs = []
    for case in cases:
        program = corpus.load_program(case)
        jobs.append({**_serialise(program), "target": case.target, "reply": case.reply})
    process = subprocess.run(
        [sys.executable, str(OUTCOME)],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=True,
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def _serialise(program: Program) -> dict[str, Any]:
    return {"files": dict(program.files), "editable": list(program.editable)}


def _read_replies(run: Path) -> Iterator[Case]:
    """Read the coder's replies of a run, in order, whose target is in the task's program."""
    task = json.loads((run / "run.json").read_text("utf-8"))["task"]
    task = Path(str(task)).name
    artifacts, program = ArtifactStore(run / "artifacts"), corpus.load_baseline(task)
    ledger = Ledger.read(run / "ledger.db")
    for call in ledger.facts(Call).values():
        if call.role != "coder":
            continue
        kind, target = parse_prompt(str(artifacts.json(call.messages)[-1]["content"]), program)
        if target:
            reply = call.text
            id = corpus.make_id(task, target, reply)
            yield Case(id, task, corpus.hash_files(program), target, kind, "", run.name, reply, {})
    ledger.close()


def parse_prompt(prompt: str, program: Program) -> tuple[str, str]:
    """Whether a prompt asks for a draft or a repair, and its target; "" where the program has no such definition."""
    if draft := _DRAFT.search(prompt):
        return "draft", draft[1] if draft[1] in program.definitions else ""
    repair = _REPAIR.search(prompt)
    if repair is None:
        return "", ""
    matching = [address for address in program.definitions if address.partition("::")[2] == repair[1]]
    shown = [address for address in matching if f"# {address}\n" in prompt] or matching
    return "repair", shown[0] if len(shown) == 1 else ""
