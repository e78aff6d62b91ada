"""Decides verdicts: on validation data, which only select, and on sealed data, which alone support a claim.

Validation verdicts are about one version; no other hypothesis changes them. The error of what they select is not
controlled, and need not be: the sealed items and seeds had no part in the selection.
"""

from __future__ import annotations

from typing import NamedTuple

from agents.judging.rules import AT_ONCE_P, FUTILE_P, PROMISING_P
from pelagos.nouns import Effect, Metric, VerdictKind
from tools.evidence import Evidence


class Ruling(NamedTuple):
    kind: VerdictKind
    reason: str


def decide_validation(evidence: Evidence, metric: Metric) -> Ruling:
    """Return the verdict on validation data: promising, refuted, equivalent or undecided."""
    unfitness = _describe_unfitness(evidence)
    if unfitness:
        return Ruling(VerdictKind.UNDECIDED, unfitness)
    assert evidence.effect is not None
    if evidence.p_value <= PROMISING_P and evidence.effect.value >= metric.min_effect:
        measured = f"p = {evidence.p_value:.2g} over {evidence.amount} of validation data"
        return _rule_harmed(evidence) or Ruling(VerdictKind.PROMISING, f"{measured}, which only select")
    return _rule_not_better(evidence, evidence.effect, metric)


def decide_claim(evidence: Evidence, metric: Metric, level: float) -> Ruling:
    """Return the verdict on sealed data: supported or not, at a level that was fixed before anyone looked at them."""
    unfitness = _describe_unfitness(evidence)
    if unfitness:
        return Ruling(VerdictKind.UNDECIDED, f"on sealed data: {unfitness}")
    assert evidence.effect is not None
    if evidence.p_value > level:
        kind, _ = _rule_not_better(evidence, evidence.effect, metric)
        return Ruling(kind, f"promising, but sealed data don't show it at level {level:.2g}")
    if evidence.effect.value < metric.min_effect:
        reason = f"better on sealed data, but by less than the least change worth having, {metric.min_effect:g}"
        return Ruling(VerdictKind.UNDECIDED, reason)
    return _rule_harmed(evidence) or Ruling(VerdictKind.SUPPORTED, f"better on sealed data at level {level:.2g}")


def may_change(evidence: Evidence, ruling: Ruling) -> bool:
    """Whether more validation seeds may change the verdict: the evidence isn't faulty, and scores vary over seeds."""
    return not (evidence.fault or evidence.constant) and ruling.kind in (VerdictKind.PROMISING, VerdictKind.UNDECIDED)


def worth_more_seeds(evidence: Evidence, ruling: Ruling) -> bool:
    """Whether more validation seeds may change the verdict, and the evidence isn't hopeless."""
    return may_change(evidence, ruling) and (not evidence.tested or evidence.p_value <= FUTILE_P)


def is_tested_at_once(evidence: Evidence, ruling: Ruling) -> bool:
    """Whether the version is tested on sealed data now, and not only at the end of the run."""
    return ruling.kind is VerdictKind.PROMISING and evidence.p_value <= AT_ONCE_P


def _rule_harmed(evidence: Evidence) -> Ruling | None:
    return Ruling(VerdictKind.UNDECIDED, "better, but " + "; ".join(evidence.harms)) if evidence.harms else None


def _rule_not_better(evidence: Evidence, effect: Effect, metric: Metric) -> Ruling:
    min_effect, interval = metric.min_effect, f"{evidence.confidence:.0%} interval"
    low, high = effect.bounds
    if -min_effect < low and high < min_effect:
        return Ruling(VerdictKind.EQUIVALENT, f"{interval} within the least change worth having, {min_effect:g}")
    if high < 0:
        return Ruling(VerdictKind.REFUTED, f"worse: {interval} below 0")
    if high < min_effect:
        return Ruling(VerdictKind.REFUTED, f"{interval} below the least change worth having, {min_effect:g}")
    if evidence.p_value <= PROMISING_P:
        return Ruling(VerdictKind.UNDECIDED, f"better, but by less than the least change worth having, {min_effect:g}")
    reason = f"{evidence.amount} don't tell it from chance (p = {evidence.p_value:.2g})"
    return Ruling(VerdictKind.UNDECIDED, reason)


def _describe_unfitness(evidence: Evidence) -> str:
    """Return why the evidence can't be judged, "" if it can."""
    if evidence.fault:
        return evidence.fault
    if evidence.effect is None:
        return "no seed has a score in both arms"
    if not evidence.tested:
        return "one common seed tells nothing about noise"
    return ""
