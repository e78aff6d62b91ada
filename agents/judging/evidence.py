"""One hypothesis against the baseline: effect, interval, and an e-value that holds however seeds were bought.

The e-value rests on two facts. (1) min_k p_k / w_k over any looks, with the w_k summing to at most 1, is a p-value
(union bound), so it may be read after any look for any reason. (2) A decreasing function of a p-value with integral 1
is an e-value (Vovk & Wang 2021, Annals of Statistics 49(3), calibrators). Doesn't compare hypotheses: `decide` does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agents.judging.estimate import Estimate, Floats, estimate
from agents.judging.rules import Rules
from pelagos.nouns import Metric


@dataclass(frozen=True)
class Arm:
    """One version's results by seed: finite scores, the scores on the split's fixed item resamples (the same for all
    arms; where a seed has none, seeds alone are the noise), and the seeds that ended without a score.
    """

    scores: Mapping[int, float]
    replicates: Mapping[int, Sequence[float]] = field(default_factory=dict)
    failed: frozenset[int] = frozenset()


class Evidence(NamedTuple):
    """Oriented, in the metric's unit. `effect` is None without a common seed and where scores are too large to be
    compared; `tested` is False below two seeds.

    `failed` are the candidate's seeds without a score, `harms` one line per guard metric that got worse, `suspect`
    the findings against the result, `unaudited` why it couldn't be looked at.
    """

    effect: float | None
    low: float
    high: float
    p_value: float
    e_value: float
    seeds: int
    baseline: float | None = None
    score: float | None = None
    failed: tuple[int, ...] = ()
    harms: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    unaudited: str = ""

    @property
    def tested(self) -> bool:
        return self.effect is not None and self.seeds >= 2

    @property
    def too_large(self) -> bool:
        """Scores in both arms whose difference, or its error, is no finite number."""
        return self.effect is None and self.seeds > 0

    @property
    def without_noise(self) -> bool:
        """A difference without any variation over seeds or items: nothing to judge it by."""
        return self.tested and math.isinf(self.high)

    def disbelieved(self, findings: Sequence[str] = (), unaudited: str = "") -> Evidence:
        """The same without any weight, where there are findings or none could be looked for."""
        if not findings and not unaudited:
            return self
        return self._replace(e_value=0.0, suspect=tuple(findings), unaudited=unaudited)


NOTHING = Evidence(None, -math.inf, math.inf, 1.0, 0.0, 0)


def weigh(
    base: Arm, candidate: Arm, metric: Metric, order: Sequence[int], rules: Rules, harms: Sequence[str] = ()
) -> Evidence:
    """The evidence on all common seeds, taken in the fixed `order` that seeds are spent in.

    A candidate that failed on a seed gets no e-value: scores on the seeds it survived are a selection.
    """
    failed = tuple(seed for seed in order if seed in candidate.failed)
    seeds = [seed for seed in order if seed in base.scores and seed in candidate.scores]
    if not seeds:
        return NOTHING._replace(failed=failed, harms=tuple(harms))
    differences = _differences(base, candidate, metric, seeds)
    whole = differences.estimate(len(seeds)) if differences.finite else None
    if whole is None or not (math.isfinite(whole.effect) and math.isfinite(whole.error)):
        return NOTHING._replace(seeds=len(seeds), failed=failed, harms=tuple(harms))
    low, high = whole.interval(rules.confidence) if len(seeds) > 1 else (-math.inf, math.inf)
    p = _spent(differences, rules)
    e = 0.0 if failed else e_value(p, rules.alpha, rules.hypotheses)
    return Evidence(
        whole.effect,
        low,
        high,
        p,
        e,
        len(seeds),
        _mean(base, seeds),
        _mean(candidate, seeds),
        failed,
        tuple(harms),
    )


def e_value(p: float, alpha: float, hypotheses: int) -> float:
    """c / p between the values e-BH can use, 0 above, constant below; c = 1 / (1 + ln hypotheses) makes its mean 1.

    e-BH over K hypotheses asks for at least 1/alpha (when it rejects all) and at most K/alpha (when it rejects one),
    so evidence outside that range would be wasted.
    """
    c = 1 / (1 + math.log(hypotheses))
    return 0.0 if p > c * alpha else c / max(p, c * alpha / hypotheses)


@dataclass(frozen=True)
class _Differences:
    """Oriented paired differences in the order of the seeds; `scale` is the size of the scores."""

    by_seed: Floats
    resampled: Floats | None
    scale: float

    @property
    def finite(self) -> bool:
        """A resample without a score (NaN) is left out of an estimate, so it is no matter here."""
        import numpy as np

        overflown = self.resampled is not None and np.isinf(self.resampled).any()
        return bool(np.isfinite(self.by_seed).all()) and not overflown

    def estimate(self, seeds: int) -> Estimate:
        """From the first `seeds` seeds."""
        return estimate(self.by_seed[:seeds], None if self.resampled is None else self.resampled[:seeds], self.scale)


def _differences(base: Arm, candidate: Arm, metric: Metric, seeds: Sequence[int]) -> _Differences:
    import numpy as np

    new = [candidate.scores[seed] for seed in seeds]
    old = [base.scores[seed] for seed in seeds]
    scale = max(map(abs, (*new, *old)))
    by_seed = np.array([metric.effect(*pair) for pair in zip(new, old, strict=True)])
    if not all(seed in arm.replicates for seed in seeds for arm in (base, candidate)):
        return _Differences(by_seed, None, scale)
    after = np.array([candidate.replicates[seed] for seed in seeds], dtype=float)
    before = np.array([base.replicates[seed] for seed in seeds], dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):
        return _Differences(by_seed, metric.direction.sign * (after - before), scale)


def _spent(differences: _Differences, rules: Rules) -> float:
    """min_k p_k / w_k over the looks that the seeds reach."""
    seeds = len(differences.by_seed)
    reached = [(look, weight) for look, weight in zip(rules.looks, rules.weights, strict=True) if look <= seeds]
    return min(1.0, *(differences.estimate(look).p_value / weight for look, weight in reached), 1.0)


def _mean(arm: Arm, seeds: Sequence[int]) -> float:
    """Halved ten times before they are added up, which is exact, so that no finite scores overflow."""
    return math.fsum(arm.scores[seed] / 1024 for seed in seeds) / len(seeds) * 1024
