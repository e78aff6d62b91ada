"""Audits one promising version, then tests it on sealed data at a level that is reserved before they are touched.

The claim rests on the sealed part alone: its items, and seeds that no selection has seen. After a kill at any point
`resume` finishes the test at the same level. It doesn't choose which versions are tested: `confirmation_order` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.judging.decide import Ruling, decide_claim
from agents.judging.evidence_ids import list_evidence_ids
from agents.run import Run
from agents.sealed.alpha_budget import MIN_LEVEL, AlphaBudget, Reservation
from agents.sealed.comparator import Comparator, find_comparator, holds_against
from memory.ledger.keys import step_key
from memory.steps.parallel import map_in_parallel
from pelagos.counts import format_count
from pelagos.errors import CapReached
from pelagos.nouns import Audit, Claim, Experiment, OutcomeKind, Verdict, VerdictKind, Version
from tools.abilities import SealedAudit, SealedData
from tools.evidence import Evidence
from tools.paired.seed_dependence import ignores_seed


@dataclass(frozen=True)
class Trial:
    """A version before its test: the verdict that selected it, what it is compared with, the reserved level, and the
    seeds of the sealed stage."""

    selection: Verdict
    version: str
    comparator: Comparator
    reservation: Reservation
    seeds: Sequence[int]


def try_claim(hypothesis: str, run: Run) -> bool | None:
    """Return whether the claim of the hypothesis' version holds on sealed data; None where the version isn't tested:
    its audit found something, a baseline that trains as long is as good, or the sealed data are spent.

    Raises CapReached where a cap cuts the test short: the level stays reserved, and `resume` with a higher cap goes on.
    """
    selection = run.verdict(hypothesis)
    assert selection is not None
    version = run.noun(Experiment, selection.evidence[0]).version
    if record_suspicion(selection, version, run):
        return None
    comparator = find_comparator(run.noun(Version, version), run)
    if comparator.version.id != run.baseline().id and not holds_against(selection, version, comparator, run):
        return None
    budget = open_budget(run)
    reservation = budget.reserve(run.origin.run, version, run.settings.judge.alpha, run.settings.judge.spend)
    if not reservation.level:
        _record_spent(selection, reservation, run)
        return None
    trial = Trial(selection, version, comparator, reservation, _choose_seeds(selection, run))
    for arm in (comparator.version.id, version):
        budget.touch(run.origin.run, arm, trial.seeds)
    try:
        _run_experiments(trial, run)
        return _conclude(trial, budget, run)
    except CapReached as cap:
        _record_cut_short(trial, str(cap), budget, run)
        raise


def record_suspicion(selection: Verdict, version: str, run: Run) -> bool:
    """Return whether the audit on validation data found anything. If it did, record a verdict that says so and gives
    the result no weight."""
    if version not in run.tally.audits:
        run.record(run.toolchain.audit(run.task, run.noun(Version, version), run))
    findings = list(run.tally.audits[version])
    if findings:
        reason = f"suspect: {findings[0]}"
        changes = {
            "id": step_key(verdict=selection.id, suspect=findings),
            "kind": VerdictKind.UNDECIDED,
            "reason": reason,
        }
        effect = selection.effect and selection.effect.without_weight()
        run.say(f"{selection.hypothesis} {reason}")
        run.record(selection.model_copy(update={**changes, "suspect": findings, "effect": effect}))
    return bool(findings)


def open_budget(run: Run) -> AlphaBudget:
    toolchain = run.toolchain
    data = toolchain.sealed_data(run.task, run) if isinstance(toolchain, SealedData) else run.task.digest
    return AlphaBudget(run.project, data)


def draw_fresh_seeds(run: Run) -> list[int]:
    """Return as many seeds as validation may take, none of them used there: first the rest of the task's own seeds,
    then seeds derived from the task's hash."""
    count, task_seeds = run.settings.judge.max_seeds, list(run.task.seeds)
    fresh = task_seeds[count:][:count]
    index = 0
    while len(fresh) < count:
        seed = int(step_key(task=run.task.digest, fresh=index)[:7], 16)
        index += 1
        if seed not in task_seeds and seed not in fresh:
            fresh.append(seed)
    return fresh


def _choose_seeds(selection: Verdict, run: Run) -> list[int]:
    """Return the seeds of the sealed stage: one where the task has one, since its experiments draw nothing, and two
    where both programs ignore their seed."""
    if len(run.task.seeds) == 1:
        return draw_fresh_seeds(run)[:1]
    experiments_by_version: dict[str, list[Experiment]] = {}
    for experiment in (run.noun(Experiment, id) for id in selection.evidence):
        experiments_by_version.setdefault(experiment.version, []).append(experiment)
    return draw_fresh_seeds(run)[: 2 if all(map(ignores_seed, experiments_by_version.values())) else None]


def _run_experiments(trial: Trial, run: Run) -> None:
    arms = (trial.comparator.version, run.noun(Version, trial.version))
    pairs = [(version, seed) for seed in trial.seeds for version in arms]
    run.say(
        f"{trial.selection.hypothesis}: tested on sealed data at level {trial.reservation.level:.2g}, "
        f"{format_count(len(trial.seeds), 'fresh seed')}"
    )
    map_in_parallel(run.workers, lambda pair: run.experiment(pair[0], pair[1], "sealed"), pairs)


def _conclude(trial: Trial, budget: AlphaBudget, run: Run) -> bool:
    """Record the claim and the verdict, return whether the claim holds. Raises CapReached where no room is left for the
    audit of the sealed stage."""
    evidence, evidence_ids = _collect_evidence(trial, run)
    ruling = decide_claim(evidence, run.task.metric, trial.reservation.level)
    audit = Audit(id=trial.version)
    if ruling.kind is VerdictKind.SUPPORTED and isinstance(run.toolchain, SealedAudit):
        budget.touch(run.origin.run, trial.version, trial.seeds[:1], "audit")
        audit = run.toolchain.audit_sealed(run.task, run.noun(Version, trial.version), trial.seeds, run)
        evidence = evidence.discredit(audit.findings)
        ruling = decide_claim(evidence, run.task.metric, trial.reservation.level)
    holds = ruling.kind is VerdictKind.SUPPORTED
    budget.settle(run.origin.run, trial.version, holds)
    claim = _make_claim(trial, evidence, ruling, [*evidence_ids, *audit.evidence], budget)
    run.say(f"{claim.hypothesis} {claim.ending} on sealed data: {ruling.reason}")
    run.record(claim)
    run.record(_make_verdict(trial.selection, claim, evidence, ruling))
    return holds


def _record_cut_short(trial: Trial, cause: str, budget: AlphaBudget, run: Run) -> None:
    evidence, evidence_ids = _collect_evidence(trial, run)
    reason = f"cut short after {evidence.seeds} of {len(trial.seeds)} seeds: {cause}"
    run.say(f"{trial.selection.hypothesis} on sealed data: {reason}")
    run.record(
        _make_claim(trial, evidence, Ruling(VerdictKind.UNDECIDED, reason), evidence_ids, budget, concluded=False)
    )


def _collect_evidence(trial: Trial, run: Run) -> tuple[Evidence, list[str]]:
    """Return the evidence and the ids of the experiments that it rests on. A seed on which the comparator failed is
    left out of both."""
    compared, tested = (
        _list_sealed(version, trial.seeds, run) for version in (trial.comparator.version.id, trial.version)
    )
    failed = {experiment.seed for experiment in compared if experiment.outcome is not OutcomeKind.OK}
    tested = [experiment for experiment in tested if experiment.seed not in failed]
    evidence = run.toolchain.evidence(run.task, tested, compared, run.settings.judge.confidence, run)
    return evidence, list_evidence_ids(tested, compared)


def _list_sealed(version: str, seeds: Sequence[int], run: Run) -> list[Experiment]:
    """Return the version's experiments on sealed data, in the order of the seeds."""
    ids_by_seed = {experiment.seed: experiment.id for experiment in run.tally.sealed.get(version, ())}
    return [run.noun(Experiment, ids_by_seed[seed]) for seed in seeds if seed in ids_by_seed]


def _make_claim(
    trial: Trial,
    evidence: Evidence,
    ruling: Ruling,
    evidence_ids: list[str],
    budget: AlphaBudget,
    *,
    concluded: bool = True,
) -> Claim:
    holds = ruling.kind is VerdictKind.SUPPORTED
    level, left = trial.reservation
    return Claim(
        id=step_key(version=trial.version, level=level, evidence=evidence_ids, concluded=concluded),
        hypothesis=trial.selection.hypothesis,
        version=trial.version,
        against=trial.comparator.version.id,
        carried=trial.comparator.carried,
        level=level,
        left=left + level if holds else left,
        held=holds,
        concluded=concluded,
        reason=ruling.reason,
        touches=budget.count_touches(),
        evidence=evidence_ids,
        effect=evidence.effect,
    )


def _make_verdict(selection: Verdict, claim: Claim, evidence: Evidence, ruling: Ruling) -> Verdict:
    """Return the selecting verdict with its numbers, and the kind and reason that the sealed data gave it."""
    reason = "; ".join([ruling.reason, *claim.carried])
    changes = {"id": step_key(claim=claim.id), "kind": ruling.kind, "reason": reason}
    return selection.model_copy(update={**changes, "suspect": list(evidence.suspect)})


def _record_spent(selection: Verdict, reservation: Reservation, run: Run) -> None:
    notice = (
        f"the sealed data are spent: {reservation.left:.2g} of the error level is left, and a test needs {MIN_LEVEL:g} "
        f"at least; new data, or a new project folder, draw a new sealed part"
    )
    if not selection.reason.endswith(notice):
        run.say(f"{selection.hypothesis} stays promising: {notice}")
        changes = {"id": step_key(verdict=selection.id, spent=True), "reason": f"{selection.reason}; {notice}"}
        run.record(selection.model_copy(update=changes))
