"""Carries the benchmark out, fault by fault, in a work folder whose ledger makes it resumable."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.debugging.arms import make_question, shows_fault
from benchmarks.debugging.cases import Case
from memory.artifacts import ArtifactStore
from memory.ledger.keys import step_key
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import EditRefused, ModelError
from pelagos.facts.fact import Cost
from pelagos.nouns import Role, Version
from pelagos.settings import Caps
from sandbox.border.report import EMPTY
from sandbox.gpu import gpu_slots
from sandbox.host.cpu_slots import CpuSlots
from sandbox.protocol import Limits, Sandbox
from tools.code.coding.causes import REFUSED, Cause
from tools.code.coding.questions import Question
from tools.code.execution.smoke import BaselineProfile, SmokeResult, profile_baseline, run_smoke
from tools.code.program.program import Program
from tools.code.task.data import prepare_data
from tools.toolchain import RoleModel, Work

PRODUCT_SAMPLES = 1000
CHARS_PER_TOKEN = 3.5


@dataclass
class Bench:
    """Satisfies tools.toolchain.Context. `project` is the work folder."""

    project: Path
    sandbox: Sandbox
    role_model: RoleModel | None = None
    known: dict[str, BaselineProfile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project.mkdir(parents=True, exist_ok=True)
        ledger = Ledger.open(self.project / "ledger.db")
        self.steps = Steps(ledger, Budget(Caps(), ledger))
        self.artifacts = ArtifactStore(self.project / "artifacts")
        self.slots = CpuSlots(2)
        self._lock = threading.Lock()

    def model(self, role: Role) -> RoleModel:
        assert self.role_model is not None
        return self.role_model

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return self.slots.take(cpus)

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        return gpu_slots.take(limits.gpus, limits.gpu_memory_mb, lambda reason: None)

    def fidelity(self, version: Version) -> None:
        """Fidelity isn't assessed here."""

    def rank(self, works: Sequence[Work]) -> list[int]:
        """No verifier is asked here."""
        return list(range(len(works)))

    def criticise(self, work: Work) -> str:
        """No verifier is asked here."""
        return ""

    def say(self, text: str) -> None:
        with self._lock:
            print(text, flush=True)

    def baseline(self, case: Case) -> BaselineProfile:
        if case.task.name not in self.known:
            data = prepare_data(case.task, self.project)["smoke"]
            self.known[case.task.name] = profile_baseline(case.task, case.baseline, data, self)
        return self.known[case.task.name]

    def trial(self, case: Case, program: Program) -> SmokeResult:
        """Return the program's smoke run, compared with the unchanged program as `build` does."""
        if not program.differs(case.baseline):
            return SmokeResult(
                Cause("no_change", "comments, docstrings and formatting don't count as a change"), "", EMPTY, ""
            )
        result = run_smoke(case.task, program, prepare_data(case.task, self.project)["smoke"], self)
        if result.cause.good and self.baseline(case).matches(result):
            return SmokeResult(Cause("no_effect"), result.predictions, result.report, result.log)
        return result


def describe_context(bench: Bench, arm: str, case: Case) -> dict[str, Any]:
    """Return whether an arm's first question shows the fault, and how long it is. No model is asked."""
    trial = bench.trial(case, case.program)
    question = make_question(arm, case, trial, bench.baseline(case))
    return {
        "fault": case.id,
        "kind": case.kind,
        "cause": trial.cause.kind,
        "shown": shows_fault(case, question),
        "tokens": round(sum(len(message.content) for message in question.messages) / CHARS_PER_TOKEN),
    }


def repair(bench: Bench, arm: str, case: Case, tries: int, spec: str) -> dict[str, Any]:
    """Try at most `tries` repairs of one fault, recorded once. Repaired: it runs, can be scored, and isn't the
    baseline."""
    key = step_key(arm=arm, fault=case.id, program=dict(case.program.files), tries=tries, spec=spec)

    def action() -> tuple[dict[str, Any], Cost]:
        first = describe_context(bench, arm, case)
        program, causes = case.program, list[str]()
        trial = bench.trial(case, program)
        for number in range(tries):
            question = make_question(arm, case, trial, bench.baseline(case), program)
            program, trial = _attempt(bench, case, question, number, program, trial)
            causes.append(trial.cause.kind or "ok")
            if trial.cause.good:
                break
        return {**first, "arm": arm, "repaired": trial.cause.good, "causes": causes}, Cost()

    return bench.steps.once("repair", key, {"arm": arm, "fault": case.id}, Cost(), action)


def _attempt(
    bench: Bench, case: Case, question: Question, number: int, program: Program, trial: SmokeResult
) -> tuple[Program, SmokeResult]:
    """Return the next program and how it ended; a refused edit leaves the program and counts as a try."""
    try:
        reply = bench.model("coder").ask(
            question.messages,
            sample=PRODUCT_SAMPLES + number,
            max_tokens=question.tokens,
            temperature=0.2 + 0.2 * number,
        )
        new = question.apply(reply)
    except EditRefused as refused:
        cause = Cause(refused.cause, str(refused)) if trial.cause.kind in REFUSED else trial.cause
        return program, SmokeResult(cause, trial.predictions, trial.report, trial.log)
    except ModelError as error:
        bench.say(f"{case.id}: {error}")
        return program, trial
    return new, bench.trial(case, new)
