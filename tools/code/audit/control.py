"""The control: trained on labels that are all wrong, does a program still predict the true ones?

The baseline is run on the same wrong labels. Where it doesn't clearly follow them the control says nothing: the task is
too hard or too small for it. A program that ignores labels because none help (a constant) prefers neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import EvaluationError
from pelagos.nouns import Experiment, Metric, OutcomeKind
from sandbox.evaluator import Evaluator, Scores
from tools.code.data import SplitData
from tools.code.task import CodeTask
from tools.toolchain import Context

SURE, SHARE, HITS, DISTINCT, IN_TIME = 3.0, 0.25, 0.1, 0.3, 0.5


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


def lean(task: CodeTask, run: Experiment, truth: SplitData, context: Context) -> Leaning | None:
    """None where the run has no score. `truth`: the split whose labels are the true ones."""
    import numpy as np

    if run.outcome is not OutcomeKind.OK or run.score is None:
        return None
    true = _scored(task, run, truth, context, task.scorer)
    if true is None:
        return None
    met = _scored(task, run, truth, context, "exact")
    sign = task.metric.direction.sign
    apart = sign * (np.array(context.artifacts.json(run.replicates)) - np.array(true.replicates))
    follows = sign * (run.score - true.score)
    return Leaning(run.score, true.score, follows, float(apart.std()), 0.0 if met is None else met.score)


def _scored(task: CodeTask, run: Experiment, truth: SplitData, context: Context, scorer: str | Path) -> Scores | None:
    """None where these predictions have no such score."""
    predictions, evaluator = context.artifacts.get(run.files["predictions"]), Evaluator(context.sandbox)
    given = (truth.labels, predictions, task.metric, (), scorer)
    try:
        return context.steps.tried("scoring", run.id, lambda: evaluator.score(*given))
    except EvaluationError as error:
        if error.cause == "tampered":
            raise
        return None


def compared(candidate: Leaning | None, usual: Callable[[], Leaning | None], metric: Metric, values: bool) -> list[str]:
    """Findings. `usual` runs the baseline, which is asked for where the candidate leans at all; `values`: the labels
    are values that hardly repeat, so that meeting one exactly is no chance."""
    if candidate is None:
        return []
    against = candidate.follows < -SURE * candidate.error
    meets = values and candidate.hits > HITS
    baseline = usual() if against or meets else None
    if baseline is None:
        return []
    told = f"{metric.name} {candidate.true:.4g} on the true labels, {candidate.taught:.4g} on those it was taught"
    told += f" (baseline {baseline.true:.4g}, {baseline.taught:.4g})"
    informative = baseline.follows > max(SURE * baseline.error, SURE * metric.min_effect)
    if against and informative and candidate.follows < -SHARE * baseline.follows:
        return [f"trained on labels that are all wrong, it still predicts the true ones: {told}"]
    if meets and candidate.hits > baseline.hits + HITS:
        return [f"trained on labels that are all wrong, it meets {candidate.hits:.0%} of the true ones exactly: {told}"]
    return []


def died(
    tries: Sequence[Experiment], real: Sequence[Experiment], usual: Callable[[], Experiment], seconds: float
) -> list[str]:
    """Findings about a program that has predictions for true labels and none for the control's, in all `tries`, while
    the baseline (`usual`) has some.

    Killed from outside is no fault of it. Neither is the time limit (`seconds`) where it is near to it anyway.
    """
    last = tries[-1]
    if last.outcome in (OutcomeKind.OK, OutcomeKind.KILLED) or not all(one.outcome is OutcomeKind.OK for one in real):
        return []
    slow = any(one.seconds > IN_TIME * seconds for one in real)
    if last.outcome is OutcomeKind.TIMEOUT and slow:
        return []
    if usual().outcome is not OutcomeKind.OK:
        return []
    said = f"{last.outcome.value}: {last.cause}"[:200]
    return [f"it runs on the true data and not on a control, where the baseline does ({said})"]
