"""Carries the benchmark out, fault by fault, in a work folder whose ledger makes it resumable."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.debugging.arms import question, shows_fault
from benchmarks.debugging.cases import Case
from memory.artifacts import ArtifactStore
from memory.budget import Budget, Cost
from memory.keys import step_key
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import EditRefused, ModelError
from pelagos.nouns import Role
from pelagos.settings import Caps
from sandbox import cards
from sandbox.border.report import EMPTY
from sandbox.protocol import Limits, Sandbox
from sandbox.slots import Slots
from tools.code.causes import REFUSED, Cause
from tools.code.data import prepare_data
from tools.code.program import Program
from tools.code.repairs import Question
from tools.code.smoke import Known, Trial, know, smoke
from tools.toolchain import Mind

PRODUCT_SAMPLES = 1000
CHARS_PER_TOKEN = 3.5


@dataclass
class Bench:
    """Satisfies tools.toolchain.Context. `project` is the work folder."""

    project: Path
    sandbox: Sandbox
    mind: Mind | None = None
    tries: int = 8
    known: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project.mkdir(parents=True, exist_ok=True)
        ledger = Ledger.open(self.project / "ledger.db")
        self.steps = Steps(ledger, Budget(Caps(), ledger))
        self.artifacts = ArtifactStore(self.project / "artifacts")
        self.slots = Slots(2)
        self._lock = threading.Lock()

    def model(self, role: Role) -> Mind:
        assert self.mind is not None
        return self.mind

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return self.slots.take(cpus)

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        return cards.take(limits.gpus, limits.gpu_memory_mb, lambda reason: None)

    def say(self, text: str) -> None:
        with self._lock:
            print(text, flush=True)

    def baseline(self, case: Case) -> Known:
        if case.task.name not in self.known:
            data = prepare_data(case.task, self.project)["smoke"]
            self.known[case.task.name] = know(case.task, case.baseline, data, self)
        return self.known[case.task.name]

    def trial(self, case: Case, program: Program) -> Trial:
        """The program's smoke run, told apart from the unchanged program as `build` does."""
        if not program.differs(case.baseline):
            return Trial(
                Cause("no_change", "comments, docstrings and formatting don't count as a change"), "", EMPTY, ""
            )
        found = smoke(case.task, program, prepare_data(case.task, self.project)["smoke"], self)
        if found.cause.good and self.baseline(case).same(found):
            return Trial(Cause("no_effect"), found.predictions, found.report, found.log)
        return found


def context_of(bench: Bench, arm: str, case: Case) -> dict[str, Any]:
    """What an arm's first question shows: is the fault in it, how long is it. No model is asked."""
    trial = bench.trial(case, case.program)
    asked = question(arm, case, trial, bench.baseline(case))
    return {
        "fault": case.id,
        "kind": case.kind,
        "cause": trial.cause.kind,
        "shown": shows_fault(case, asked),
        "tokens": round(sum(len(message.content) for message in asked.messages) / CHARS_PER_TOKEN),
    }


def repair(bench: Bench, arm: str, case: Case, tries: int, spec: str) -> dict[str, Any]:
    """At most `tries` repairs of one fault, recorded once. Repaired: runs, scores can be made, and it isn't the baseline."""
    key = step_key(arm=arm, fault=case.id, program=dict(case.program.files), tries=tries, spec=spec)

    def action() -> tuple[dict[str, Any], Cost]:
        first = context_of(bench, arm, case)
        program, causes = case.program, list[str]()
        trial = bench.trial(case, program)
        for number in range(tries):
            asked = question(arm, case, trial, bench.baseline(case), program)
            program, trial = _attempt(bench, case, asked, number, program, trial)
            causes.append(trial.cause.kind or "ok")
            if trial.cause.good:
                break
        return {**first, "arm": arm, "repaired": trial.cause.good, "causes": causes}, Cost()

    return bench.steps.once("repair", key, {"arm": arm, "fault": case.id}, Cost(), action)


def _attempt(
    bench: Bench, case: Case, asked: Question, number: int, program: Program, trial: Trial
) -> tuple[Program, Trial]:
    """The next program and how it ended; a refused edit leaves the program and counts as a try."""
    try:
        reply = bench.model("coder").ask(
            asked.messages, sample=PRODUCT_SAMPLES + number, max_tokens=asked.tokens, temperature=0.2 + 0.2 * number
        )
        new = asked.apply(reply)
    except EditRefused as refused:
        again = Cause(refused.cause, str(refused)) if trial.cause.kind in REFUSED else trial.cause
        return program, Trial(again, trial.predictions, trial.report, trial.log)
    except ModelError as error:
        bench.say(f"{case.id}: {error}")
        return program, trial
    return new, bench.trial(case, new)
