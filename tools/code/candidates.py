"""One attempt at a version and how far it came: refused, fails, no effect, steps missing, good. Asks no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pelagos.nouns import Experiment, Hypothesis, OutcomeKind, Plan, Version
from sandbox.border.report import stored_report
from tools.code import checks
from tools.code.causes import REFUSED, Cause
from tools.code.checks import Check, Checked
from tools.code.data import SplitData
from tools.code.execution import REPORT_FILE
from tools.code.program import Program
from tools.code.retried import Retried
from tools.code.smoke import Known, Trial, smoke
from tools.code.task import CodeTask
from tools.code.traceback import Error, error_of
from tools.code.versions import record
from tools.toolchain import Context

FullRun = Callable[[Version], Experiment]
DRAFT_RANK = {"model": 0, **{kind: 0 for kind in REFUSED}, "no_effect": 2, "step_missing": 3, "": 5}
FAILS = 1


@dataclass(frozen=True)
class Candidate:
    """`program` is None where the edit was refused; `checked` empty where it didn't come to the checks; `repeated`:
    the program was tried before."""

    cause: Cause
    program: Program | None = None
    error: Error | None = None
    version: Version | None = None
    checked: Sequence[Checked] = field(default_factory=tuple)
    repeated: bool = False

    @property
    def good(self) -> bool:
        return self.cause.good

    @property
    def rank(self) -> tuple[int, int]:
        """How promising: the stage it reached, then the number of steps that are there."""
        return DRAFT_RANK.get(self.cause.kind, FAILS), sum(one.holds for one in self.checked)


@dataclass(frozen=True)
class Trials:
    """Tries programs for one plan: smoke run, behaviour, steps, full run; stops at the first that fails."""

    task: CodeTask
    hypothesis: Hypothesis
    plan: Plan
    baseline: Program
    known: Known
    data: SplitData
    full: FullRun
    context: Context

    def checks(self) -> list[Check]:
        return checks.of_plan(self.plan, self.hypothesis.target, self.baseline)

    def attempt(self, program: Program) -> Candidate:
        """Raises RunFailed where the sandbox fails for good, and CapReached; what the program does is data."""
        trial = smoke(self.task, program, self.data, self.context)
        if not trial.cause.good:
            return Candidate(trial.cause, program, trial.error)
        if self.known.same(trial):
            return Candidate(Cause("no_effect"), program)
        found = self._steps(program, trial)
        missing = [one.check.step for one in found if not one.holds and one.valid]
        if missing:
            detail = "Missing: " + " ".join(f"({i}) {step}" for i, step in enumerate(missing, 1))
            return Candidate(Cause("step_missing", detail), program, checked=found)
        return self.settle(program, found)

    def settle(self, program: Program, found: Sequence[Checked]) -> Candidate:
        """The last gate: a full run with the first seed, which is the experiment that judge will look at anyway."""
        version = record(self.context, program, self.hypothesis.id, self.plan.id, self.hypothesis.title)
        done = self.full(version)
        if done.outcome is OutcomeKind.OK:
            return Candidate(Cause(), program, None, version, found)
        kind, _, detail = done.cause.partition(": ")
        raw = self.context.artifacts.get(done.files[REPORT_FILE]) if REPORT_FILE in done.files else b""
        return Candidate(Cause(kind or "error", f"in the full run: {detail}"), program, error_of(stored_report(raw)))

    def _steps(self, program: Program, trial: Trial) -> list[Checked]:
        lines = (self.known.lines, trial.lines)
        content = program.store(self.context.artifacts)
        sandbox = Retried(self.context.sandbox, self.context.steps, "checks", content)
        with self.context.slot():
            return checks.run(self.checks(), self.baseline, program, lines, sandbox)


def note(found: Sequence[Checked]) -> str:
    """What became of each step's check, for the record."""
    return "; ".join(f"step {at}: {_told(one)}" for at, one in enumerate(found, 1))


def _told(one: Checked) -> str:
    how = "own check" if one.by == "own" else "check from its words"
    if not one.valid:
        return f"no check left ({one.error or one.check.fault or 'holds on the baseline'})"
    return f"{how} {'holds' if one.holds else 'fails'}" + (f" (planner's check dropped: {one.why})" if one.why else "")
