"""Weighs one version against the baseline on one split: effect, interval and p-value. It doesn't decide a verdict:
`decide` does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agents.judging.estimate import Estimate, Floats, estimate
from pelagos.nouns import Effect, Metric


@dataclass(frozen=True)
class Arm:
    """One version's results by seed: finite scores, the scores on the split's fixed item resamples (the same for all
    arms; where a seed has none, seeds alone are the noise), and the seeds that ended without a score.
    """

    scores: Mapping[int, float]
    replicates: Mapping[int, Sequence[float]] = field(default_factory=dict)
    failed: frozenset[int] = frozenset()


class Evidence(NamedTuple):
    """`effect` is None without a common seed and where scores are too large to be compared; `tested` is False below two
    seeds. The effect's p-value is 1 where a seed failed or the result isn't believed.

    `constant`: each arm has one score on all of its seeds (two at least), so more of them tell nothing. `failed` are
    the candidate's seeds without a score, `harms` one line per guard metric that got worse, `suspect` the findings
    against the result.
    """

    effect: Effect | None
    seeds: int
    confidence: float
    constant: bool = False
    failed: tuple[int, ...] = ()
    harms: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()

    @property
    def p_value(self) -> float:
        """The effect's p-value; 1 if there is none."""
        return 1.0 if self.effect is None or self.effect.p_value is None else self.effect.p_value

    @property
    def tested(self) -> bool:
        return self.effect is not None and self.seeds >= 2

    @property
    def fault(self) -> str:
        """What is wrong with the evidence, whatever its size; "" if it can be judged or only lacks seeds."""
        if self.suspect:
            return f"suspect: {self.suspect[0]}"
        if self.failed:
            return f"its program failed on seed {', '.join(map(str, self.failed))}"
        if self.effect is None and self.seeds:
            return "its scores or the baseline's are too large to be compared"
        if self.effect and self.tested and self.effect.high is None:
            return "no variation over seeds or items to judge the difference by"
        return ""

    def discredit(self, findings: Sequence[str]) -> Evidence:
        """Return this evidence without any weight if there are findings, else as it is."""
        if not findings:
            return self
        return self._replace(effect=self.effect and self.effect.without_weight(), suspect=tuple(findings))


def weigh(
    baseline: Arm, candidate: Arm, metric: Metric, order: Sequence[int], confidence: float, harms: Sequence[str] = ()
) -> Evidence:
    """Return the evidence on all common seeds, in the fixed `order` in which seeds are spent. A candidate that failed
    on a seed has no weight: the scores on the other seeds are a selection."""
    failed = tuple(seed for seed in order if seed in candidate.failed)
    seeds = [seed for seed in order if seed in baseline.scores and seed in candidate.scores]
    no_effect = Evidence(None, len(seeds), confidence, failed=failed, harms=tuple(harms))
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
    return no_effect._replace(effect=effect, constant=constant)


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
