"""Verdicts over all hypotheses of a run at once, by e-BH on their e-values.

Wang & Ramdas 2022 (J. R. Stat. Soc. B 84(3), section 4): the false discovery rate stays at most alpha under ANY
dependence among the e-values. Here all hypotheses share the baseline's seeds and the items, so nothing weaker would
do. Where all hypotheses are null, that rate is the chance of any false "supported".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agents.judging.evidence import Evidence
from agents.judging.rules import Rules
from pelagos.nouns import Metric, VerdictKind

ROUNDING = 1e-9


class Ruling(NamedTuple):
    kind: VerdictKind
    reason: str


def e_bh(e_values: Mapping[str, float], alpha: float) -> set[str]:
    """The largest k such that k hypotheses have e >= n / (alpha k) are rejected."""
    ranked = sorted(e_values, key=lambda name: e_values[name], reverse=True)
    n = len(ranked)
    enough = [k for k, name in enumerate(ranked, 1) if e_values[name] * alpha * k >= n * (1 - ROUNDING)]
    return set(ranked[: max(enough, default=0)])


def decide(evidences: Mapping[str, Evidence], metric: Metric, rules: Rules) -> dict[str, Ruling]:
    """A verdict and its reason for each hypothesis. To be given all of the run's hypotheses, not the newest only."""
    better = e_bh({name: evidence.e_value for name, evidence in evidences.items()}, rules.alpha)
    return {name: rule(evidence, name in better, metric, rules) for name, evidence in evidences.items()}


def rule(evidence: Evidence, better: bool, metric: Metric, rules: Rules) -> Ruling:
    """`better`: whether e-BH over all hypotheses rejects that it is no better."""
    unfit = _unfit(evidence)
    if unfit:
        return Ruling(VerdictKind.UNDECIDED, unfit)
    assert evidence.effect is not None
    if better and evidence.effect >= metric.min_effect:
        if evidence.harms:
            return Ruling(VerdictKind.UNDECIDED, "better, but " + "; ".join(evidence.harms))
        return Ruling(VerdictKind.SUPPORTED, f"better at level {rules.alpha:g} over all hypotheses of {rules.over}")
    return _not_supported(evidence, better, metric, rules)


def _not_supported(evidence: Evidence, better: bool, metric: Metric, rules: Rules) -> Ruling:
    least, sure = metric.min_effect, f"{rules.confidence:.0%} interval"
    if -least < evidence.low and evidence.high < least:
        return Ruling(VerdictKind.EQUIVALENT, f"{sure} within the least change worth having, {least:g}")
    if evidence.high < 0:
        return Ruling(VerdictKind.REFUTED, f"worse: {sure} below 0")
    if evidence.high < least:
        return Ruling(VerdictKind.REFUTED, f"{sure} below the least change worth having, {least:g}")
    if better:
        return Ruling(VerdictKind.UNDECIDED, f"better, but by less than the least change worth having, {least:g}")
    return Ruling(VerdictKind.UNDECIDED, f"{evidence.seeds} seeds don't tell it from chance")


def _unfit(evidence: Evidence) -> str:
    """Why the evidence can't be judged, or ""."""
    if evidence.suspect:
        return f"suspect: {evidence.suspect[0]}"
    if evidence.unaudited:
        return f"better, but it could not be audited: {evidence.unaudited}"
    if evidence.failed:
        return f"its program failed on seed {', '.join(map(str, evidence.failed))}"
    if evidence.too_large:
        return "its scores or the baseline's are too large to be compared"
    if evidence.effect is None:
        return "no seed has a score in both arms"
    if not evidence.tested:
        return "one common seed tells nothing about noise"
    if evidence.without_noise:
        return "no variation over seeds or items to judge the difference by"
    return ""


def open_to_seeds(evidence: Evidence, ruling: Ruling) -> bool:
    """Whether more seeds could change the verdict: undecided for want of evidence, not for a fault."""
    faulty = evidence.failed or evidence.too_large or evidence.without_noise or evidence.suspect or evidence.unaudited
    return ruling.kind is VerdictKind.UNDECIDED and not faulty
