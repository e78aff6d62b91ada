"""Finds what a promising version is compared with. If it trains longer than its hypothesis says, that is a baseline
that trains as long: a gain that this baseline shares is not the gain of the hypothesis.
"""

from __future__ import annotations

from typing import NamedTuple

from agents.fidelity.signatures import read_signatures
from agents.judging.confounders import find_confounders, join_hypothesis_text
from agents.judging.decide import decide_validation
from agents.judging.evidence_ids import list_evidence_ids
from agents.run import Run
from memory.ledger.keys import step_key
from memory.steps.parallel import map_in_parallel
from pelagos.nouns import Build, Experiment, Hypothesis, Plan, Verdict, VerdictKind, Version
from tools.abilities import Matched


class Comparator(NamedTuple):
    """`version` is the baseline, or the one that trains as long. `carried` are lines about what the version changed
    besides what its hypothesis says."""

    version: Version
    carried: list[str]


def find_comparator(version: Version, run: Run) -> Comparator:
    """Return what the version is compared with. Raises CapReached."""
    signatures = read_signatures(version, run) if version.hypothesis else None
    if signatures is None:
        return Comparator(run.baseline(), [])
    confounders = find_confounders(_hypothesis_text(str(version.hypothesis), run), *signatures)
    carried = [confounder.line for confounder in confounders]
    trains = any(confounder.kind == "training" for confounder in confounders)
    if not trains or not isinstance(run.toolchain, Matched):
        return Comparator(run.baseline(), carried)
    matched_baseline = run.toolchain.matched(run.task, version, *signatures, run)
    return Comparator(matched_baseline or run.baseline(), carried)


def holds_against(selection: Verdict, version: str, comparator: Comparator, run: Run) -> bool:
    """Return whether the version is still promising on validation data, compared with the comparator on the seeds that
    it has run. If it isn't, record the verdict that says so. Raises CapReached."""
    tested = [run.noun(Experiment, row.id) for row in run.tally.validation[version]]
    seeds = [experiment.seed for experiment in tested]
    compared = map_in_parallel(run.workers, lambda seed: run.experiment(comparator.version, seed, "validation"), seeds)
    confidence = run.settings.judge.confidence
    evidence = run.toolchain.evidence(run.task, tested, compared, confidence, run)
    kind, explanation = decide_validation(evidence, run.task.metric)
    if kind is VerdictKind.PROMISING:
        return True
    reason = f"{'; '.join(comparator.carried)}: compared with the baseline that trains as long: {explanation}"
    run.say(f"{selection.hypothesis} {kind.value}: {reason}")
    key = step_key(verdict=selection.id, against=comparator.version.id)
    changes = {"id": key, "kind": kind, "reason": reason, "evidence": list_evidence_ids(tested, compared)}
    run.record(selection.model_copy(update={**changes, "effect": evidence.effect}))
    return False


def _hypothesis_text(hypothesis: str, run: Run) -> str:
    builds = (run.noun(Build, build) for build in run.tally.builds.get(hypothesis, ()))
    return join_hypothesis_text(run.noun(Hypothesis, hypothesis), [run.noun(Plan, build.plan) for build in builds])
