"""Weighs one version against the baseline on one split by paired seeds: effect, interval and p-value. It doesn't decide
a verdict: the judge does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pelagos.counts import format_count
from pelagos.nouns import Effect, Metric
from tools.evidence import Evidence
from tools.paired.estimate import Estimate, Floats, estimate


@dataclass(frozen=True)
class Arm:
    """One version's results by seed: finite scores, the scores on the split's fixed item resamples (the same for all
    arms; where a seed has none, seeds alone are the noise), and the seeds that ended without a score.
    """

    scores: Mapping[int, float]
    replicates: Mapping[int, Sequence[float]] = field(default_factory=dict)
    failed: frozenset[int] = frozenset()


def weigh(
    baseline: Arm, candidate: Arm, metric: Metric, order: Sequence[int], confidence: float, harms: Sequence[str] = ()
) -> Evidence:
    """Return the evidence on all common seeds, in the fixed `order` in which seeds are spent. A candidate that failed
    on a seed has no weight: the scores on the other seeds are a selection."""
    failed = tuple(seed for seed in order if seed in candidate.failed)
    seeds = [seed for seed in order if seed in baseline.scores and seed in candidate.scores]
    amount = format_count(len(seeds), "seed")
    no_effect = Evidence(None, len(seeds), amount, confidence, failed=failed, harms=tuple(harms))
    differences = _pair_arms(baseline, candidate, metric, seeds) if seeds else None
    estimated = differences.estimate() if differences and differences.finite else None
    if estimated is None or not (math.isfinite(estimated.effect) and math.isfinite(estimated.error)):
        return no_effect
    low, high = estimated.interval(confidence) if len(seeds) > 1 else (-math.inf, math.inf)
    effect = Effect(
        value=estimated.effect,
        low=_none_if_infinite(low),
        high=_none_if_infinite(high),
        p_value=estimated.p_value if len(seeds) > 1 and not failed else 1.0,
        seeds=len(seeds),
        baseline_score=_mean_score(baseline, seeds),
        score=_mean_score(candidate, seeds),
    )
    constant = len(seeds) > 1 and all(len({arm.scores[seed] for seed in seeds}) == 1 for arm in (baseline, candidate))
    return no_effect._replace(effect=effect, constant=constant, tested=len(seeds) > 1)


def _none_if_infinite(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class _Differences:
    """Oriented paired differences in the order of the S seeds: (S,), and on B resamples (S, B) or None. `scale` is the
    largest magnitude of a score."""

    by_seed: Floats
    resampled: Floats | None
    scale: float

    @property
    def finite(self) -> bool:
        """Whether an estimate is possible. A resample without a score (NaN) is allowed: the estimate leaves it out."""
        import numpy as np

        overflown = self.resampled is not None and np.isinf(self.resampled).any()
        return bool(np.isfinite(self.by_seed).all()) and not overflown

    def estimate(self) -> Estimate:
        return estimate(self.by_seed, self.resampled, self.scale)


def _pair_arms(baseline: Arm, candidate: Arm, metric: Metric, seeds: Sequence[int]) -> _Differences:
    import numpy as np

    candidate_scores = [candidate.scores[seed] for seed in seeds]
    baseline_scores = [baseline.scores[seed] for seed in seeds]
    scale = max(map(abs, (*candidate_scores, *baseline_scores)))
    by_seed = np.array([metric.effect(*scores) for scores in zip(candidate_scores, baseline_scores, strict=True)])
    if not all(seed in arm.replicates for seed in seeds for arm in (baseline, candidate)):
        return _Differences(by_seed, None, scale)
    candidate_replicates = np.array([candidate.replicates[seed] for seed in seeds], dtype=float)
    baseline_replicates = np.array([baseline.replicates[seed] for seed in seeds], dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):
        return _Differences(by_seed, metric.direction.sign * (candidate_replicates - baseline_replicates), scale)


def _mean_score(arm: Arm, seeds: Sequence[int]) -> float:
    """Return the mean over `seeds`. Scores are divided by 1024 before they are summed, which is exact, so that no sum
    of finite scores overflows."""
    return math.fsum(arm.scores[seed] / 1024 for seed in seeds) / len(seeds) * 1024
