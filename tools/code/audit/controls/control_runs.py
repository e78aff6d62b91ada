"""Runs the controls of one version: each executes the version once, and the baseline only if a comparison is needed.

An honest version costs one experiment per control. The baseline's experiments serve all versions of a run. Recorded
experiments are not repeated.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pelagos.nouns import Experiment, OutcomeKind, Split, Version
from sandbox.border.arrays import read_array
from sandbox.border.reading import Invalid
from tools.code.audit.controls import control_data
from tools.code.audit.controls.control_data import REGIONS, SEALED, SHIFTED
from tools.code.audit.controls.control_seeds import draw_seeds
from tools.code.audit.controls.label_control import (
    MIN_DISTINCT,
    LabelPreference,
    compare_preferences,
    find_control_failure,
    measure_preference,
)
from tools.code.audit.controls.leaks import Leak, describe_leak, is_suspicious, measure_leak
from tools.code.audit.controls.moved_inputs import ScoreLoss, describe_lost_gain, measure_loss
from tools.code.audit.controls.relabel import find_classes
from tools.code.task.code_task import CodeTask
from tools.code.task.data import SplitData, TaskData
from tools.toolchain import Context

Run = Callable[[Version, int, Split], Experiment]


@dataclass
class ControlRuns:
    """The controls of one version. `seeds` are those to draw from; `version_runs` and `baseline_runs` are experiments
    with them on the data that the controls are made from. `checks` and `evidence` record what was done."""

    task: CodeTask
    version: Version
    baseline: Version
    data: TaskData
    context: Context
    run: Run
    seeds: Sequence[int]
    version_runs: Sequence[Experiment]
    baseline_runs: Sequence[Experiment]
    checks: list[str] = field(default_factory=list)
    evidence: list[Experiment] = field(default_factory=list)

    def check_relabelled(self, split: Split) -> list[str]:
        """Findings of a run on labels that are all wrong (`CONTROL`, `SEALED`)."""
        attempts = self._run_attempts(self.version, split)
        if attempts[-1].outcome is not OutcomeKind.OK:
            return self._find_failure(attempts, split)
        truth = self._true_split(split)
        preference = measure_preference(self.task, attempts[-1], truth, self.context)
        self.checks.append(split if preference is not None else f"{split} without a score")

        def measure_baseline() -> LabelPreference | None:
            return measure_preference(self.task, self._run_attempts(self.baseline, split)[-1], truth, self.context)

        findings = compare_preferences(preference, measure_baseline, self.task.metric, _has_distinct_values(truth))
        return findings or self._find_leak(attempts[-1], split)

    def check_regions(self) -> list[str]:
        """Findings of a run on labels that are wrong in a different way in each region of the inputs. Less can be
        learned there, so an honest program may fail: a failure is no finding."""
        return self._find_leak(self._run_once(REGIONS), REGIONS) if self._has_control(REGIONS) else []

    def check_moved_inputs(self) -> list[str]:
        """Findings of a run on true labels and inputs that are moved by next to nothing."""
        if not self._has_control(SHIFTED):
            return []
        attempts = self._run_attempts(self.version, SHIFTED)
        last = attempts[-1]
        if last.outcome is not OutcomeKind.OK:
            return self._find_failure(attempts, SHIFTED)
        self.checks.append(SHIFTED)
        version_scores = [run.score for run in self.version_runs if run.score is not None]
        baseline_scores = [run.score for run in self.baseline_runs if run.score is not None]
        if not version_scores or not baseline_scores:
            return []
        gain = self.task.metric.effect(statistics.fmean(version_scores), statistics.fmean(baseline_scores))
        finding = describe_lost_gain(
            self._measure_loss(last, self.version_runs), self._baseline_loss, version_scores, gain
        )
        return [finding] if finding else []

    def _find_failure(self, attempts: Sequence[Experiment], split: Split) -> list[str]:
        self.checks.append(f"{split} without a score")
        seconds = self.task.limits.seconds
        return find_control_failure(
            attempts, self.version_runs, lambda: self._run_attempts(self.baseline, split)[-1], seconds
        )

    def _baseline_loss(self) -> ScoreLoss | None:
        return self._measure_loss(self._run_attempts(self.baseline, SHIFTED)[-1], self.baseline_runs)

    def _measure_loss(self, moved_run: Experiment, runs: Sequence[Experiment]) -> ScoreLoss | None:
        usual_run = next((run for run in runs if run.seed == moved_run.seed), None)
        return None if usual_run is None else measure_loss(usual_run, moved_run, self.task.metric, self.context)

    def _find_leak(self, experiment: Experiment, split: Split) -> list[str]:
        version_leak = self._measure_leak(experiment, split)
        if split == REGIONS:
            self.checks.append(split if experiment.outcome is OutcomeKind.OK else f"{split} without a score")
        if version_leak is None or not is_suspicious(version_leak):
            return []
        evidence = describe_leak(version_leak, self._measure_leak(self._run_attempts(self.baseline, split)[-1], split))
        return [f"trained on labels that are all wrong, it knows true ones: {evidence}"] if evidence else []

    def _measure_leak(self, run: Experiment, split: Split) -> Leak | None:
        control = control_data.prepare_control(split, self.data, self.task.metric.name)
        if control is None or run.outcome is not OutcomeKind.OK:
            return None
        truth = self._true_split(split)
        predictions = read_array(self.context.artifacts.get(run.files["predictions"]))
        if isinstance(predictions, Invalid):
            return None
        (train,) = control_data.load_arrays(truth.inputs / "train.npz", "y")
        (true,), (taught,) = (
            control_data.load_arrays(truth.labels, "y"),
            control_data.load_arrays(control.labels, "y"),
        )
        classes = find_classes(np.concatenate([train, true]), self.task.metric.name)
        return measure_leak(predictions, taught, true, classes)

    def _true_split(self, split: Split) -> SplitData:
        return self.data["sealed" if split == SEALED else "validation"]

    def _has_control(self, split: Split) -> bool:
        return control_data.prepare_control(split, self.data, self.task.metric.name) is not None

    def _run_once(self, split: Split) -> Experiment:
        experiment = self.run(self.version, draw_seeds(self.seeds, self.version, split, self.context)[0], split)
        self.evidence.append(experiment)
        return experiment

    def _run_attempts(self, version: Version, split: Split) -> list[Experiment]:
        """One experiment, and a second one with another seed if the first fails: the machinery may be at fault."""
        attempts: list[Experiment] = []
        for seed in draw_seeds(self.seeds, version, split, self.context)[:2]:
            attempts.append(self.run(version, seed, split))
            if attempts[-1].outcome is OutcomeKind.OK:
                break
        self.evidence += [attempt for attempt in attempts if attempt not in self.evidence]
        return attempts


def _has_distinct_values(split: SplitData) -> bool:
    (y,) = control_data.load_arrays(split.labels, "y")
    return len(np.unique(y)) >= MIN_DISTINCT * len(y)
