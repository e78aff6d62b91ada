"""Runs one candidate program for a plan and classifies the result: refused, failed, no effect, unfaithful or good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pelagos.nouns import Answer, Experiment, Hypothesis, OutcomeKind, Plan, Version
from sandbox.border.report import stored_report
from tools.code.coding.causes import REFUSED, Cause
from tools.code.coding.traceback import Error, parse_error
from tools.code.execution.execution import REPORT_FILE
from tools.code.execution.smoke import BaselineProfile, run_smoke
from tools.code.program.program import Program
from tools.code.program.versions import record_version
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData
from tools.toolchain import Context

FullRun = Callable[[Version], Experiment]
CAUSE_RANK = {"model": 0, **{kind: 0 for kind in REFUSED}, "no_effect": 2, "unfaithful": 3, "": 4}
FAILURE_RANK = 1


@dataclass(frozen=True)
class Candidate:
    """`program` is None if the edit was refused. `repeated` is True if the same program was tried before."""

    cause: Cause
    program: Program | None = None
    error: Error | None = None
    version: Version | None = None
    repeated: bool = False

    @property
    def good(self) -> bool:
        return self.cause.good

    @property
    def rank(self) -> int:
        """The stage that the candidate reached: 0 refused, 1 failed, 2 no effect, 3 unfaithful, 4 good."""
        return CAUSE_RANK.get(self.cause.kind, FAILURE_RANK)


@dataclass(frozen=True)
class CandidateRunner:
    """Runs programs for one plan through smoke run, behaviour, full run and fidelity; stops at the first failure."""

    task: CodeTask
    hypothesis: Hypothesis
    plan: Plan
    baseline: Program
    baseline_profile: BaselineProfile
    data: SplitData
    full_run: FullRun
    context: Context

    def run(self, program: Program) -> Candidate:
        """Run one program. Raises RunFailed if the sandbox fails at every attempt, and CapReached. Failures of the
        program itself are returned as a Candidate."""
        result = run_smoke(self.task, program, self.data, self.context)
        if not result.cause.good:
            return Candidate(result.cause, program, result.error)
        if self.baseline_profile.matches(result):
            return Candidate(Cause("no_effect"), program)
        return self._run_full(program)

    def _run_full(self, program: Program) -> Candidate:
        """Run the full experiment with the first seed. The judge needs the same one, so it costs nothing extra."""
        version = record_version(self.context, program, self.hypothesis.id, self.plan.id, self.hypothesis.title)
        experiment = self.full_run(version)
        if experiment.outcome is OutcomeKind.OK:
            return Candidate(self._check_fidelity(version), program, None, version)
        kind, _, detail = experiment.cause.partition(": ")
        raw = self.context.artifacts.get(experiment.files[REPORT_FILE]) if REPORT_FILE in experiment.files else b""
        return Candidate(Cause(kind or "error", f"in the full run: {detail}"), program, parse_error(stored_report(raw)))

    def _check_fidelity(self, version: Version) -> Cause:
        """The cause "unfaithful" if the version does not do what the hypothesis says, else a good cause."""
        fidelity = self.context.fidelity(version)
        if fidelity is None or fidelity.answer not in (Answer.DIFFERS, Answer.PARTLY):
            return Cause()
        return Cause("unfaithful", f"What you did: {fidelity.description}. {' '.join(fidelity.evidence[:2])}")
