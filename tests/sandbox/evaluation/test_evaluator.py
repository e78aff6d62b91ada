from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pelagos.errors import EvaluationError
from pelagos.nouns import Direction, Metric
from sandbox.evaluation import evaluator as module
from sandbox.evaluation.evaluator import STOCK_NAMES, Evaluator
from sandbox.protocol import Sandbox

LABELS = np.arange(200) % 10


def metric(name: str) -> Metric:
    return Metric(name=name, direction=Direction.UP, min_effect=0.01)


def saved(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    np.savez(tmp_path / "labels.npz", y=LABELS)
    return tmp_path / "labels.npz"


@pytest.fixture
def evaluator(best: Sandbox) -> Evaluator:
    return Evaluator(best)


def test_scores_guards_and_paired_replicates(evaluator: Evaluator, labels: Path) -> None:
    guess = np.where(np.arange(200) < 150, LABELS, -1)
    scores = evaluator.score(labels, saved(guess), metric("accuracy"), [metric("macro_f1")], "accuracy")
    assert scores.score == 0.75
    assert len(scores.replicates) == 200 and 0.6 < min(scores.replicates) < max(scores.replicates) < 0.9
    assert set(scores.guards) == {"macro_f1"}
    better = evaluator.score(labels, saved(np.where(np.arange(200) < 151, LABELS, -1)), metric("accuracy"))
    assert all(b >= a for a, b in zip(scores.replicates, better.replicates, strict=True))


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch /tmp/pelagos-pickle-ran",))


@pytest.mark.parametrize(
    ("predictions", "cause"),
    [
        (b"", "missing"),
        (saved(np.array([Bomb()] * 200, dtype=object)), "malformed"),
        (saved(LABELS[:-1]), "wrong_count"),
        (saved(np.where(LABELS == 3, np.nan, 1.0)), "nan"),
    ],
)
def test_hostile_predictions_have_a_cause(evaluator: Evaluator, labels: Path, predictions: bytes, cause: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluator.score(labels, predictions, metric("accuracy"), [], "accuracy")
    assert caught.value.cause == cause
    assert not Path("/tmp/pelagos-pickle-ran").exists()


def test_a_task_brings_its_own_evaluator(evaluator: Evaluator, labels: Path, tmp_path: Path) -> None:
    own = tmp_path / "evaluate.py"
    own.write_text(
        "import numpy as np\n"
        "def score(predictions, labels):\n    return float(np.mean(predictions == labels)) * 100\n"
        "def worst(predictions, labels):\n    return float(abs(predictions - labels).max())\n"
    )
    scores = evaluator.score(labels, saved(LABELS + (LABELS == 3)), metric("percent"), [metric("worst")], own)
    assert scores.score == 90 and scores.guards == {"worst": 1.0} and len(scores.replicates) == 200
    own.write_text("def score(predictions, labels):\n    raise ValueError('units')\n")
    with pytest.raises(EvaluationError, match="ValueError: units") as caught:
        evaluator.score(labels, saved(LABELS), metric("percent"), [], own)
    assert caught.value.cause == "evaluator_failed"


def test_a_pin_holds_scripts_and_labels(evaluator: Evaluator, labels: Path) -> None:
    pin = evaluator.digest(labels, "accuracy")
    assert evaluator.score(labels, saved(LABELS), metric("accuracy"), pin=pin).score == 1.0
    np.savez(labels, y=LABELS[::-1].copy())
    with pytest.raises(EvaluationError) as caught:
        evaluator.score(labels, saved(LABELS), metric("accuracy"), pin=pin)
    assert caught.value.cause == "tampered"


def test_metrics_nobody_knows_are_said_before_anything_runs(evaluator: Evaluator, labels: Path) -> None:
    for name, guards in (("accurracy", []), ("accuracy", [metric("f2")])):
        with pytest.raises(EvaluationError, match="accuracy, macro_f1") as caught:
            evaluator.score(labels, saved(LABELS), metric(name), guards)
        assert caught.value.cause == "unknown_metric"


def test_the_names_and_the_functions_are_the_same() -> None:
    from sandbox.evaluation import metrics

    assert tuple(metrics.STOCK_SCORERS) == STOCK_NAMES


@pytest.mark.parametrize("script", ["arrays.py", "metrics.py", "scoring.py"])
def test_every_script_that_scores_is_in_the_pin(
    script: str, tmp_path: Path, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(module.__file__).parent, tmp_path / "here")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "here" / "evaluator.py"))
    held: Any = None  # nothing runs
    before = Evaluator(held).digest(labels, "accuracy")
    assert Evaluator(held).digest(labels, "accuracy") == before
    (tmp_path / "here" / script).write_text((tmp_path / "here" / script).read_text() + "\n")
    assert Evaluator(held).digest(labels, "accuracy") != before


def test_labels_and_the_tasks_own_evaluator_are_in_the_pin(tmp_path: Path, labels: Path) -> None:
    held: Any = None
    one, own = Evaluator(held), tmp_path / "evaluate.py"
    own.write_text("def score(predictions, labels):\n    return 1.0\n")
    before = one.digest(labels, "accuracy"), one.digest(labels, own)
    assert before[0] != before[1]
    own.write_text("def score(predictions, labels):\n    return 2.0\n")
    assert one.digest(labels, own) != before[1]
    np.savez(labels, y=LABELS + 1)
    assert one.digest(labels, "accuracy") != before[0]
