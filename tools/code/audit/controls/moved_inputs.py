"""Measures how much of a gain is lost if inputs are moved by next to nothing: a table of known inputs loses it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pelagos.nouns import Experiment, Metric
from tools.toolchain import Context

STANDARD_ERRORS, MIN_LOST_SHARE = 4.0, 0.5


@dataclass(frozen=True)
class ScoreLoss:
    """`amount` is by how much the score is worse on moved inputs; `standard_error` is over item resamples."""

    amount: float
    standard_error: float


def measure_loss(usual_run: Experiment, moved_run: Experiment, metric: Metric, context: Context) -> ScoreLoss | None:
    """The loss of one version with one seed. None if one of the experiments has no score."""
    import numpy as np

    if usual_run.score is None or moved_run.score is None:
        return None
    before, after = (np.array(context.artifacts.json(experiment.replicates)) for experiment in (usual_run, moved_run))
    return ScoreLoss(metric.effect(usual_run.score, moved_run.score), float((before - after).std()))


def describe_lost_gain(
    candidate: ScoreLoss | None, measure_baseline: Callable[[], ScoreLoss | None], scores: Sequence[float], gain: float
) -> str:
    """The evidence that the candidate is a table of known inputs, or "". `scores` are the candidate's over seeds, which
    give the noise of training; `gain` is its mean effect over the baseline, positive if better. `measure_baseline` is
    called only if the candidate loses enough."""
    if candidate is None or gain <= 0:
        return ""
    noise = statistics.stdev(scores) if len(scores) > 1 else 0.0
    threshold = max(STANDARD_ERRORS * max(candidate.standard_error, noise), MIN_LOST_SHARE * gain)
    if candidate.amount <= threshold:
        return ""
    baseline_loss = measure_baseline()
    if baseline_loss is None or candidate.amount - baseline_loss.amount <= threshold:
        return ""
    version_share, baseline_share = candidate.amount / gain, baseline_loss.amount / gain
    lost = f"{version_share:.0%} of its gain where inputs are moved by next to nothing"
    return f"it loses {lost} (the baseline {baseline_share:.0%})"
