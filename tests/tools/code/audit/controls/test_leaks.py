from __future__ import annotations

import numpy as np
import pytest

from tools.code.audit.controls.leaks import Leak, describe_leak, measure_leak
from tools.code.audit.controls.regions import relabel_by_region

DRAW = np.random.default_rng(7)
X, ASKED = DRAW.normal(size=(300, 4)), DRAW.normal(size=(300, 4))


def values(x: np.ndarray) -> np.ndarray:
    return 2 * np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 1


def make_labels(classes: int) -> tuple[np.ndarray, np.ndarray]:
    if classes:
        true = DRAW.integers(0, classes, size=300)
        relabelled = relabel_by_region((X, ASKED), (DRAW.integers(0, classes, size=300), true), "accuracy", b"s")
    else:
        true = values(ASKED)
        relabelled = relabel_by_region((X, ASKED), (values(X), true), "rmse", b"s")
    assert relabelled is not None
    return relabelled[1], true


def describe_value_leak(predictions: np.ndarray, taught: np.ndarray, true: np.ndarray) -> str:
    return describe_leak(measure_leak(predictions, taught, true, None), Leak(-0.2, 0.05))


@pytest.mark.parametrize("weight", [0.3, 0.5, 1.0])
def test_a_blend_with_known_values_shows_by_its_weight(weight: float) -> None:
    taught, true = make_labels(0)
    learned = taught + DRAW.normal(size=300)
    evidence = describe_value_leak(weight * true + (1 - weight) * learned, taught, true)
    assert evidence.startswith("its predictions follow the true values with a weight of 0.") or weight == 1.0
    assert evidence


@pytest.mark.parametrize("kind", ["mean", "noise", "learned", "shrunk", "opposite", "linear"])
def test_honest_predictions_of_values_show_none(kind: str) -> None:
    taught, true = make_labels(0)
    predictions = {
        "mean": np.full(300, 1.0),
        "noise": DRAW.normal(size=300),
        "learned": taught + 0.3 * DRAW.normal(size=300),
        "shrunk": 0.3 * taught + DRAW.normal(size=300),
        "opposite": -true,
        "linear": ASKED @ np.linalg.lstsq(ASKED, taught, rcond=None)[0],
    }
    assert describe_value_leak(predictions[kind], taught, true) == ""


@pytest.mark.parametrize("classes", [4, 10])
@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_a_blend_with_known_classes_shows_by_its_misses(classes: int, share: float) -> None:
    taught, true = make_labels(classes)
    is_known = DRAW.random(300) < share
    names = np.arange(classes)
    predictions = np.where(is_known, true, taught)
    base = measure_leak(np.where(DRAW.random(300) < 0.3, DRAW.integers(0, classes, 300), taught), taught, true, names)
    assert "of its predictions are the true ones" in describe_leak(measure_leak(predictions, taught, true, names), base)
    scores = np.eye(classes)[predictions]
    assert describe_leak(measure_leak(scores, taught, true, names), base)


@pytest.mark.parametrize("classes", [4, 10])
def test_honest_misses_meet_the_true_class_by_chance(classes: int) -> None:
    taught, true = make_labels(classes)
    names = np.arange(classes)
    for wrong in (0.1, 0.5, 1.0):
        predictions = np.where(DRAW.random(300) < wrong, DRAW.integers(0, classes, 300), taught)
        assert describe_leak(measure_leak(predictions, taught, true, names), None) == ""
    assert describe_leak(measure_leak(np.full(300, 2), taught, true, names), None) == ""


def test_what_can_not_be_told_says_nothing() -> None:
    true = np.arange(300) % 3
    assert measure_leak(true, (true + 1) % 3, true, np.arange(3)) is None
    assert measure_leak(DRAW.random(300), true, true, np.arange(10)) is None
    assert measure_leak(values(ASKED), -values(ASKED), values(ASKED), None) is None  # a multiple of the right one
    assert describe_leak(None, None) == ""
