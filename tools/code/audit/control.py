"""The control: trained on labels that are all wrong, does a program still predict the true ones?

The baseline is run on the same wrong labels. Where it doesn't clearly follow them the control says nothing: the task is
too hard or too small for it. A program that ignores labels because none help (a constant) prefers neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import EvaluationError
from pelagos.nouns import Experiment, Metric, OutcomeKind
from sandbox.evaluator import Evaluator, Scores
from tools.code.data import SplitData
from tools.code.task import CodeTask
from tools.toolchain import Context

SURE, SHARE, HITS, DISTINCT = 3.0, 0.25, 0.1, 0.3


@dataclass(frozen=True)
class Leaning:
    """Scores of a control's predictions against the labels it was `taught` and the `true` ones. `follows` is the
    oriented difference, `error` its standard error over item resamples, `hits` the share of true values met exactly.
    """

    taught: float
    true: float
    follows: float
    error: float
    hits: float


def lean(task: CodeTask, run: Experiment, validation: SplitData, context: Context) -> Leaning | None:
    """None where the run has no score."""
    import numpy as np

    if run.outcome is not OutcomeKind.OK or run.score is None:
        return None
    true = _scored(task, run, validation, context, task.scorer)
    if true is None:
        return None
    met = _scored(task, run, validation, context, "exact")
    sign = task.metric.direction.sign
    apart = sign * (np.array(context.artifacts.json(run.replicates)) - np.array(true.replicates))
    follows = sign * (run.score - true.score)
    return Leaning(run.score, true.score, follows, float(apart.std()), 0.0 if met is None else met.score)


def _scored(
    task: CodeTask, run: Experiment, validation: SplitData, context: Context, scorer: str | Path
) -> Scores | None:
    """None where these predictions have no such score."""
    predictions, evaluator = context.artifacts.get(run.files["predictions"]), Evaluator(context.sandbox)
    given = (validation.labels, predictions, task.metric, (), scorer)
    try:
        return context.steps.tried("scoring", run.id, lambda: evaluator.score(*given))
    except EvaluationError as error:
        if error.cause == "tampered":
            raise
        return None


def compared(candidate: Leaning | None, baseline: Leaning | None, metric: Metric, values: bool) -> list[str]:
    """Findings; `values`: the labels are values that hardly repeat, so that meeting one exactly is no chance."""
    if candidate is None or baseline is None:
        return []
    told = f"{metric.name} {candidate.true:.4g} on the true labels, {candidate.taught:.4g} on those it was taught"
    told += f" (baseline {baseline.true:.4g}, {baseline.taught:.4g})"
    informative = baseline.follows > max(SURE * baseline.error, SURE * metric.min_effect)
    against = candidate.follows < -max(SURE * candidate.error, SHARE * baseline.follows)
    if informative and against:
        return [f"trained on labels that are all wrong, it still predicts the true ones: {told}"]
    if values and candidate.hits > baseline.hits + HITS:
        return [f"trained on labels that are all wrong, it meets {candidate.hits:.0%} of the true ones exactly: {told}"]
    return []
