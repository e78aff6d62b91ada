"""Judge: compares the hypothesis in progress with the baseline on validation data, and chooses the seeds worth running.

It judges versions (plans that were built); a hypothesis gets the verdict of its best version. A program that fails on a
seed is never promising, and a hypothesis that never ran is undecided, with the reason. Only sealed data support
anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agents.judging.decide import Ruling, decide_validation, is_tested_at_once, may_change, worth_more_seeds
from agents.judging.evidence_ids import list_evidence_ids
from agents.review.decisions import find_rejection
from agents.review.more_evidence import find_request, record_given
from agents.run import Run
from agents.state import Lane, Status, Update
from agents.tally import ExperimentRef
from memory.ledger.keys import step_key
from pelagos.nouns import Build, Experiment, Verdict, VerdictKind
from tools.evidence import Evidence

PREFERENCE = (VerdictKind.PROMISING, VerdictKind.UNDECIDED, VerdictKind.EQUIVALENT, VerdictKind.REFUTED)


class Case(NamedTuple):
    """One version that ran: its experiments, their evidence and the ruling on it."""

    version: str
    experiments: Sequence[ExperimentRef]
    evidence: Evidence
    ruling: Ruling

    @property
    def merit(self) -> tuple[int, float, float]:
        """Ranks the versions of one hypothesis: greater is better."""
        effect = self.evidence.effect.value if self.evidence.effect else 0.0
        return -PREFERENCE.index(self.ruling.kind), -self.evidence.p_value, effect


def judge(state: Lane, run: Run) -> Update:
    """Records the verdict; returns the seeds that are due, or whether to test on sealed data now."""
    request = find_request(run.ledger, state["hypothesis"])
    if state["hypothesis"] in run.tally.claimed:  # the verdict by sealed data holds
        _answer_request(request, "what sealed data showed holds", state, run)
        return {"due": {}, "strong": False}
    versions = run.tally.versions.get(state["hypothesis"], ())
    cases = [_weigh_version(version, run) for version in versions if version in run.tally.validation]
    due = {case.version: seeds for case in cases if (seeds := _list_due_seeds(case, bool(request), run))}
    best = max(cases, key=lambda case: case.merit, default=None)
    verdict = _make_verdict(best, state, run)
    _record_verdict(verdict, best, run)
    if not due:
        _answer_request(request, f"{verdict.kind}: {verdict.reason}", state, run)
    strong = not due and best is not None and is_tested_at_once(best.evidence, best.ruling)
    return {"due": due, "strong": strong and run.settings.judge.confirm}


def _weigh_version(version: str, run: Run) -> Case:
    refs, baseline_refs = run.tally.validation[version], run.tally.validation.get(run.baseline().id, ())
    baseline, candidate = ([run.noun(Experiment, ref.id) for ref in arm] for arm in (baseline_refs, refs))
    evidence = run.toolchain.evidence(run.task, candidate, baseline, run.settings.judge.confidence, run)
    return Case(version, refs, evidence, decide_validation(evidence, run.task.metric))


def _list_due_seeds(case: Case, wanted: bool, run: Run) -> list[int]:
    """Return the seeds to run before the next look; none if more seeds can't change the verdict, or if that isn't
    likely and no person has wanted them."""
    look, is_worth = run.rules.next_look(case.evidence.seeds), may_change if wanted else worth_more_seeds
    if look is None or not is_worth(case.evidence, case.ruling):
        return []
    tried = {experiment.seed for experiment in case.experiments}
    return [seed for seed in run.task.seeds if seed not in tried][: look - case.evidence.seeds]


def _answer_request(request: str, reason: str, state: Lane, run: Run) -> None:
    """Record what came of a person's request for more seeds, if there is one. A lane that a cap has ended doesn't."""
    if request and state["status"] == "running":
        record_given(run.ledger, request, state["hypothesis"], reason)


def _make_verdict(case: Case | None, state: Lane, run: Run) -> Verdict:
    id = state["hypothesis"]
    if case is None:
        builds = [run.noun(Build, build) for build in run.tally.builds.get(id, ())]
        reason = find_rejection(run.ledger, id) or _explain_no_run(builds, state["status"])
        key = step_key(hypothesis=id, reason=reason)
        return Verdict(id=key, hypothesis=id, kind=VerdictKind.UNDECIDED, reason=reason)
    kind, reason = case.ruling
    ids = list_evidence_ids(case.experiments, run.tally.validation.get(run.baseline().id, ()))
    return Verdict(
        id=step_key(hypothesis=id, kind=kind.value, reason=reason, evidence=ids),
        hypothesis=id,
        kind=kind,
        reason=reason,
        evidence=ids,
        effect=case.evidence.effect,
    )


def _explain_no_run(builds: Sequence[Build], status: Status) -> str:
    if not builds:
        return "never carried out" if status == "running" else "the run was stopped before a version was ready"
    causes = sorted({build.cause for build in builds if build.version is None})
    return f"no version that runs: {', '.join(causes)}" if causes else "built, but never run"


def _record_verdict(verdict: Verdict, case: Case | None, run: Run) -> None:
    newest = run.tally.verdicts.get(verdict.hypothesis)
    if newest is None or newest.id != verdict.id:
        after = f" after {case.evidence.amount}" if case else ""
        run.say(f"{verdict.hypothesis} {verdict.kind.value}{after}: {verdict.reason}")
        run.record(verdict)  # last: a kill before it repeats the note, a kill after it loses nothing
