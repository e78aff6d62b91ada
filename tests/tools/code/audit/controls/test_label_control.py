from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory.artifacts import ArtifactStore
from pelagos.errors import EvaluationError
from pelagos.nouns import Direction, Experiment, Metric, OutcomeKind
from sandbox.border.scores import Scores
from tools.code.audit.controls import label_control
from tools.code.audit.controls.label_control import (
    LabelPreference,
    compare_preferences,
    find_control_failure,
    measure_preference,
)

UP = Metric(name="accuracy", direction=Direction.UP, min_effect=0.01)
BASE = LabelPreference(taught_score=0.9, true_score=0.02, difference=0.88, standard_error=0.02, hit_share=0.02)


def make_preference(taught: float, true: float, error: float = 0.02, hits: float = 0.0) -> LabelPreference:
    return LabelPreference(taught, true, taught - true, error, hits)


def never_called() -> LabelPreference | None:
    raise AssertionError("an honest version needs no run of the baseline")


@pytest.mark.parametrize(
    ("candidate", "suspect"),
    [
        (make_preference(0.02, 0.95), True),  # labels from somewhere else
        (make_preference(0.95, 0.01), False),  # learned what it was taught
        (make_preference(0.1, 0.1), False),  # a constant
        (make_preference(0.1, 0.14), False),  # within noise and margin
        (make_preference(0.2, 0.6), True),
        (None, False),
    ],
)
def test_who_prefers_the_labels_it_was_not_taught(candidate: LabelPreference | None, suspect: bool) -> None:
    usual: Callable[[], LabelPreference | None] = (lambda: BASE) if suspect else never_called
    assert bool(compare_preferences(candidate, usual, UP, distinct_values=False)) == suspect


def test_where_the_baseline_learns_nothing_the_control_says_nothing() -> None:
    lost = make_preference(0.12, 0.1, error=0.02)
    assert compare_preferences(make_preference(0.0, 0.9), lambda: lost, UP, distinct_values=False) == []
    assert compare_preferences(make_preference(0.0, 0.9), lambda: None, UP, distinct_values=False) == []


def test_some_values_met_exactly_are_no_chance() -> None:
    stolen = make_preference(0.6, 0.4, hits=0.3)
    assert "30% of the true ones" in compare_preferences(stolen, lambda: BASE, UP, distinct_values=True)[0]
    assert compare_preferences(stolen, never_called, UP, distinct_values=False) == []
    assert compare_preferences(make_preference(0.9, 0.1, hits=0.05), never_called, UP, distinct_values=True) == []


def make_run(outcome: OutcomeKind = OutcomeKind.OK, seconds: float = 1.0) -> Experiment:
    return Experiment(
        id="e", version="v", hypothesis=None, seed=1, split="control", outcome=outcome, cause="why", seconds=seconds
    )


@pytest.mark.parametrize(
    ("tries", "usual", "real", "suspect"),
    [
        ([OutcomeKind.ERROR] * 2, OutcomeKind.OK, 1.0, True),
        ([OutcomeKind.INVALID] * 2, OutcomeKind.OK, 1.0, True),  # NaN
        ([OutcomeKind.TIMEOUT] * 2, OutcomeKind.OK, 1.0, True),
        ([OutcomeKind.TIMEOUT] * 2, OutcomeKind.OK, 6.0, False),  # near its limit of 10 s anyway
        ([OutcomeKind.ERROR] * 2, OutcomeKind.ERROR, 1.0, False),  # the baseline dies as well
        ([OutcomeKind.ERROR, OutcomeKind.OK], OutcomeKind.OK, 1.0, False),  # the machinery failed once
        ([OutcomeKind.KILLED] * 2, OutcomeKind.OK, 1.0, False),
    ],
)
def test_who_dies_on_wrong_labels_alone(
    tries: list[OutcomeKind], usual: OutcomeKind, real: float, suspect: bool
) -> None:
    findings = find_control_failure(
        [make_run(attempt) for attempt in tries], [make_run(seconds=real)] * 2, lambda: make_run(usual), 10.0
    )
    assert bool(findings) == suspect
    assert all("where the baseline does" in line for line in findings)


@pytest.mark.parametrize(
    ("candidate", "baseline", "suspect"),
    [
        (make_preference(0.25, 1.0, error=0.25), make_preference(0.9, 0.02), False),  # three of its errors, not more
        (make_preference(0.25, 1.0, error=0.24), make_preference(0.9, 0.02), True),
        # less than a quarter of what the baseline follows
        (make_preference(0.5, 0.57, error=0.01), make_preference(0.9, 0.02), False),
        (make_preference(0.5, 0.75, error=0.01), make_preference(0.9, 0.02), True),
        # below three times the least change
        (make_preference(0.1, 0.9), make_preference(0.03, 0.01, error=0.001), False),
        (make_preference(0.1, 0.9), make_preference(0.06, 0.02, error=0.001), True),
        (make_preference(0.1, 0.9), make_preference(1.0, 0.25, error=0.25), False),  # within the baseline's own noise
    ],
)
def test_how_far_is_far(candidate: LabelPreference, baseline: LabelPreference, suspect: bool) -> None:
    said = compare_preferences(candidate, lambda: baseline, UP, distinct_values=False)
    assert bool(said) == suspect
    if suspect:
        told = (
            f"accuracy {candidate.true_score:g} on the true labels, {candidate.taught_score:g} on those it was taught"
        )
        assert f"{told} (baseline {baseline.true_score:g}, {baseline.taught_score:g})" in said[0]


@pytest.mark.parametrize(("hits", "usual", "suspect"), [(0.1, 0.0, False), (0.13, 0.0, True), (0.13, 0.04, False)])
def test_who_meets_true_values_more_often_than_the_baseline(hits: float, usual: float, suspect: bool) -> None:
    base = make_preference(0.9, 0.02, hits=usual)
    assert (
        bool(compare_preferences(make_preference(0.6, 0.4, hits=hits), lambda: base, UP, distinct_values=True))
        == suspect
    )


def test_who_had_no_score_before_died_of_something_else() -> None:
    dead, real = [make_run(OutcomeKind.ERROR)], [make_run(), make_run(OutcomeKind.ERROR)]
    assert find_control_failure(dead, real, lambda: pytest.fail("the baseline isn't asked for"), 10.0) == []
    slow = [make_run(seconds=1.0), make_run(seconds=5.1)]
    assert find_control_failure([make_run(OutcomeKind.TIMEOUT)], slow, make_run, 10.0) == []
    assert find_control_failure([make_run(OutcomeKind.ERROR)], slow, make_run, 10.0) == [
        "it runs on the true data and not on a control, where the baseline does (error: why)"
    ]
    assert find_control_failure([make_run(OutcomeKind.TIMEOUT)], [make_run(seconds=5.0)], make_run, 10.0) != []


SPLIT: Any = SimpleNamespace(labels=Path("labels.npz"))


class Bench:
    """Scores what is asked by name: a score with its replicates, or the cause of an EvaluationError."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **said: Any) -> None:
        self.artifacts, self.sandbox, self.said, self.steps = ArtifactStore(folder), None, said, self
        monkeypatch.setattr(label_control, "Evaluator", lambda sandbox: self)
        self.task: Any = SimpleNamespace(metric=UP, scorer="accuracy")

    def retry(self, kind: str, key: str, action: Callable[[], Any]) -> Any:
        return action()

    def score(self, labels: Path, predictions: bytes, metric: Metric, guards: Any, scorer: str) -> Scores:
        assert (labels, predictions, metric) == (SPLIT.labels, b"p", self.task.metric)
        found = self.said[scorer]
        if isinstance(found, str):
            raise EvaluationError(found, cause=found)
        return Scores(score=found[0], replicates=found[1], guards={})

    def preference(
        self, score: float | None, replicates: list[float], outcome: OutcomeKind = OutcomeKind.OK
    ) -> LabelPreference | None:
        done = make_run(outcome).model_copy(
            update={
                "score": score,
                "replicates": self.artifacts.put_json(replicates),
                "files": {"predictions": self.artifacts.put(b"p")},
            }
        )
        return measure_preference(self.task, done, SPLIT, self)  # type: ignore[arg-type]


@pytest.mark.parametrize("direction", list(Direction))
def test_how_far_predictions_follow_what_was_taught(
    direction: Direction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, monkeypatch, accuracy=(0.25, [0.25, 0.0]), exact=(0.5, []))
    bench.task.metric = Metric(name="m", direction=direction, min_effect=0.01)
    found = bench.preference(0.75, [0.75, 1.0])
    sign = 1 if direction is Direction.UP else -1
    assert found == LabelPreference(0.75, 0.25, sign * 0.5, 0.25, 0.5)


def test_predictions_without_a_score_lean_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, monkeypatch, accuracy=(0.25, [0.25]), exact="malformed")
    assert bench.preference(None, []) is None
    assert bench.preference(0.5, [0.5], OutcomeKind.ERROR) is None
    exact = bench.preference(0.5, [0.5])
    assert exact is not None and exact.hit_share == 0.0
    bench.said["accuracy"] = "wrong_shape"
    assert bench.preference(0.5, [0.5]) is None
    bench.said["accuracy"] = "tampered"
    with pytest.raises(EvaluationError):
        bench.preference(0.5, [0.5])
