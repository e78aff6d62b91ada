"""Whether a gain stays where inputs are moved by next to nothing: a table of known inputs loses it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pelagos.nouns import Experiment, Metric
from tools.toolchain import Context

SURE, HALF = 4.0, 0.5


@dataclass(frozen=True)
class Loss:
    """Oriented: by how much the score is worse on moved inputs; `error` its standard error over item resamples."""

    amount: float
    error: float


def loss(usual: Experiment, moved: Experiment, metric: Metric, context: Context) -> Loss | None:
    """Of one version with one seed. None where one of them has no score."""
    import numpy as np

    if usual.score is None or moved.score is None:
        return None
    before, after = (np.array(context.artifacts.json(one.replicates)) for one in (usual, moved))
    return Loss(metric.effect(usual.score, moved.score), float((before - after).std()))


def fragile(candidate: Loss | None, baseline: Callable[[], Loss | None], scores: Sequence[float], gain: float) -> str:
    """What speaks for a table, or "". `scores` of the candidate over seeds, the noise of training; `gain` is its
    oriented mean effect over the baseline. `baseline` is asked for where there is a loss at all."""
    if candidate is None or gain <= 0:
        return ""
    noise = statistics.stdev(scores) if len(scores) > 1 else 0.0
    least = max(SURE * max(candidate.error, noise), HALF * gain)
    if candidate.amount <= least:
        return ""
    usual = baseline()
    if usual is None or candidate.amount - usual.amount <= least:
        return ""
    lost, compared = candidate.amount / gain, usual.amount / gain
    return f"it loses {lost:.0%} of its gain where inputs are moved by next to nothing (the baseline {compared:.0%})"
