"""The stock metrics against scikit-learn's, on whole splits and on resamples."""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np
import pytest

from sandbox.evaluator import STOCK as NAMES
from sandbox.metrics import STOCK, Unfit
from sandbox.scoring import REPLICATES, resamples, stock

pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn isn't installed")
rng = np.random.default_rng(5)
N = 300


def reference(name: str, labels: np.ndarray, predictions: np.ndarray) -> float:
    from sklearn import metrics

    flat = predictions.argmax(axis=1) if predictions.ndim == 2 else predictions
    return float(
        {
            "accuracy": lambda: metrics.accuracy_score(labels, flat),
            "macro_f1": lambda: metrics.f1_score(labels, flat, average="macro"),
            "mae": lambda: metrics.mean_absolute_error(labels, predictions),
            "rmse": lambda: metrics.mean_squared_error(labels, predictions) ** 0.5,
            "auroc": lambda: metrics.roc_auc_score(labels, predictions, multi_class="ovr"),
            "log_loss": lambda: metrics.log_loss(labels, predictions, labels=range(predictions.shape[1])),
        }[name]()
    )


def example(name: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    if kind == "values":
        labels = rng.normal(size=N) * 50
        return labels, labels + rng.normal(size=N)
    classes = 2 if kind == "binary" else 4
    labels = rng.integers(0, classes, N)
    chances = rng.dirichlet(np.ones(classes), N)
    if kind == "binary" and name == "auroc":
        return labels, np.round(chances[:, 1], 1)  # with ties
    return labels, chances


CASES = [(name, kind) for name in ("accuracy", "macro_f1", "auroc", "log_loss") for kind in ("binary", "several")]


@pytest.mark.parametrize(("name", "kind"), [*CASES, ("mae", "values"), ("rmse", "values")])
def test_scores_and_replicates_agree_with_scikit_learn(name: str, kind: str) -> None:
    labels, predictions = example(name, kind)
    score, replicates = stock(name)(labels, predictions)
    assert score == pytest.approx(reference(name, labels, predictions), abs=1e-9)
    for row in (0, 17, 199):
        chosen = resamples(N)[row]
        assert replicates[row] == pytest.approx(reference(name, labels[chosen], predictions[chosen]), abs=1e-9)


def test_resamples_depend_on_the_count_alone() -> None:
    assert resamples(50).shape == (REPLICATES, 50)
    assert np.array_equal(resamples(50), resamples(50))
    assert resamples(4).tolist()[:2] == [[1, 2, 3, 0], [0, 3, 0, 3]] or resamples(4).max() == 3


@pytest.mark.parametrize("name", NAMES)
def test_two_thousand_items_cost_under_a_second(name: str) -> None:
    labels, predictions = rng.integers(0, 2, 2000), rng.random(2000)
    predictions = (predictions > 0.5).astype(int) if name in ("accuracy", "macro_f1") else predictions
    started = time.process_time()
    stock(name)(labels, predictions)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("name", "labels", "predictions", "cause"),
    [
        ("log_loss", np.array([0, 2]), np.array([[0.5, 0.5], [0.5, 0.5]]), "wrong_shape"),
        ("log_loss", np.array([0, 1]), np.array([[2.0, -1.0], [0.5, 0.5]]), "malformed"),
        ("rmse", np.array([0.0, 1.0]), np.ones((2, 3)), "wrong_shape"),
        ("accuracy", np.array([0, 1]), np.array(["a", "b"]), "malformed"),
        ("auroc", np.array([0, 1, 2]), np.array([0.1, 0.2, 0.3]), "wrong_shape"),
        ("log_loss", np.array([-1, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]), "wrong_shape"),  # was a perfect score
        ("log_loss", np.array([-1, 1]), np.array([1.0, 1.0]), "wrong_shape"),
        ("log_loss", np.array([1, 2, 3]), np.eye(3), "wrong_shape"),
        ("log_loss", np.array([0, 2, 5]), np.eye(3), "wrong_shape"),
        ("log_loss", np.array([0.0, 0.5]), np.eye(2), "malformed"),
        ("log_loss", np.array(["a", "b"]), np.eye(2), "malformed"),
        ("log_loss", np.array([0, 1]), np.array([["a", "b"], ["c", "d"]]), "wrong_shape"),
        ("log_loss", np.array([0, 1]), np.array([3.2, -1.0]), "malformed"),
        ("log_loss", np.array([0, 1, 2]), np.array([0.1, 0.2, 0.3]), "wrong_shape"),
        ("accuracy", np.array([1, 2, 3]), np.eye(3), "wrong_shape"),  # was 0: every class was one off
        ("macro_f1", np.array([-1, 1]), np.eye(2), "wrong_shape"),
        ("accuracy", np.array([0, 1]), np.array([0.2, 0.9]), "malformed"),  # was 0: a probability is no class
        ("macro_f1", np.array([0, 1]), np.array([[0.2], [0.9]]), "malformed"),
        ("auroc", np.array([1, 1]), np.array([0.2, 0.9]), "malformed"),
        ("auroc", np.array([1, 1]), np.array([[0.2, 0.8], [0.5, 0.5]]), "malformed"),
    ],
)
def test_the_wrong_form_has_a_cause(name: str, labels: np.ndarray, predictions: np.ndarray, cause: str) -> None:
    with pytest.raises(Unfit) as caught:
        STOCK[name](labels, predictions, np.ones((1, len(labels))))
    assert caught.value.cause == cause


@pytest.mark.parametrize("name", ["log_loss", "auroc"])
def test_one_column_is_the_probability_of_class_one(name: str) -> None:
    labels, chances = np.array([0, 1, 1]), np.array([0.2, 0.9, 0.4])
    both = [STOCK[name](labels, form, np.ones((1, 3)))[0] for form in (chances, chances[:, None])]
    assert both[0] == both[1] == STOCK[name](labels, np.stack([1 - chances, chances], 1), np.ones((1, 3)))[0]


def test_classes_may_have_any_whole_numbers_where_they_are_predicted_themselves() -> None:
    labels = np.array([-1, 1, 5])
    assert STOCK["accuracy"](labels, labels.astype(float), np.ones((1, 3)))[0] == 1


def test_exact_counts_values_met_to_single_precision() -> None:
    labels = np.array([1.0, 100.0, 0.0, -3.0], dtype=np.float32)
    predictions = labels + np.array([1e-7, 1e-5, 0.1, 0.01])
    assert STOCK["exact"](labels, predictions, np.ones((1, 4)))[0] == 0.5
    assert STOCK["exact"](np.array([1, 2]), np.array([1, 3]), np.ones((1, 2)))[0] == 0.5
