"""The label control: tests whether a program that was trained on wrong labels still predicts the true ones.

The baseline is run on the same wrong labels. If the baseline does not clearly follow them, the control says nothing:
the task is too hard or too small for it. A program that ignores all labels (a constant) prefers neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.errors import EvaluationError
from pelagos.nouns import Experiment, Metric, OutcomeKind
from sandbox.border.scores import Scores
from sandbox.evaluation.evaluator import Evaluator
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData
from tools.toolchain import Context

STANDARD_ERRORS, MIN_SHARE, MIN_HITS, MIN_DISTINCT, SLOW_SHARE = 3.0, 0.25, 0.1, 0.3, 0.5


@dataclass(frozen=True)
class LabelPreference:
    """Scores of a control's predictions against the labels it was taught and against the true ones. `difference` is
    taught minus true, positive if the taught labels fit better; `standard_error` is over item resamples; `hit_share` is
    the share of true values that are predicted exactly."""

    taught_score: float
    true_score: float
    difference: float
    standard_error: float
    hit_share: float


def measure_preference(task: CodeTask, run: Experiment, truth: SplitData, context: Context) -> LabelPreference | None:
    """None if the run has no score. `truth` is the split that has the true labels."""
    import numpy as np

    if run.outcome is not OutcomeKind.OK or run.score is None:
        return None
    true = _score_against(task, run, truth, context, task.scorer)
    if true is None:
        return None
    exact = _score_against(task, run, truth, context, "exact")
    sign = task.metric.direction.sign
    differences = sign * (np.array(context.artifacts.json(run.replicates)) - np.array(true.replicates))
    difference = sign * (run.score - true.score)
    return LabelPreference(
        run.score, true.score, difference, float(differences.std()), 0.0 if exact is None else exact.score
    )


def _score_against(
    task: CodeTask, run: Experiment, truth: SplitData, context: Context, scorer: str | Path
) -> Scores | None:
    """None if the scorer refuses these predictions. Raises EvaluationError if evaluator or labels were changed."""
    predictions, evaluator = context.artifacts.get(run.files["predictions"]), Evaluator(context.sandbox)
    arguments = (truth.labels, predictions, task.metric, (), scorer)
    try:
        return context.steps.retry("scoring", run.id, lambda: evaluator.score(*arguments))
    except EvaluationError as error:
        if error.cause == "tampered":
            raise
        return None


def compare_preferences(
    candidate: LabelPreference | None,
    measure_baseline: Callable[[], LabelPreference | None],
    metric: Metric,
    distinct_values: bool,
) -> list[str]:
    """Findings. `measure_baseline` runs the baseline; it is called only if the candidate prefers the true labels at
    all. `distinct_values`: the labels are values that hardly repeat, so an exact hit is no coincidence."""
    if candidate is None:
        return []
    prefers_true = candidate.difference < -STANDARD_ERRORS * candidate.standard_error
    hits_true = distinct_values and candidate.hit_share > MIN_HITS
    baseline = measure_baseline() if prefers_true or hits_true else None
    if baseline is None:
        return []
    scores = f"{metric.name} {candidate.true_score:.4g} on the true labels, "
    scores += f"{candidate.taught_score:.4g} on those it was taught"
    scores += f" (baseline {baseline.true_score:.4g}, {baseline.taught_score:.4g})"
    informative = baseline.difference > max(
        STANDARD_ERRORS * baseline.standard_error, STANDARD_ERRORS * metric.min_effect
    )
    if prefers_true and informative and candidate.difference < -MIN_SHARE * baseline.difference:
        return [f"trained on labels that are all wrong, it still predicts the true ones: {scores}"]
    if hits_true and candidate.hit_share > baseline.hit_share + MIN_HITS:
        share = f"{candidate.hit_share:.0%}"
        return [f"trained on labels that are all wrong, it meets {share} of the true ones exactly: {scores}"]
    return []


def find_control_failure(
    attempts: Sequence[Experiment],
    version_runs: Sequence[Experiment],
    run_baseline: Callable[[], Experiment],
    time_limit: float,
) -> list[str]:
    """Findings about a program that runs on true labels and fails on the control in all `attempts`, if the baseline
    runs on the control.

    A kill from outside is not the program's fault. Neither is the time limit (seconds) if it is nearly used up anyway.
    """
    attempt = attempts[-1]
    if attempt.outcome in (OutcomeKind.OK, OutcomeKind.KILLED) or not all(
        run.outcome is OutcomeKind.OK for run in version_runs
    ):
        return []
    slow = any(run.seconds > SLOW_SHARE * time_limit for run in version_runs)
    if attempt.outcome is OutcomeKind.TIMEOUT and slow:
        return []
    if run_baseline().outcome is not OutcomeKind.OK:
        return []
    reason = f"{attempt.outcome.value}: {attempt.cause}"[:200]
    return [f"it runs on the true data and not on a control, where the baseline does ({reason})"]
