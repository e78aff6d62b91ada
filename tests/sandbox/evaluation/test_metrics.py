"""The stock metrics compared with scikit-learn's, on whole splits and on resamples."""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np
import pytest

from sandbox.evaluation.evaluator import STOCK_NAMES
from sandbox.evaluation.metrics import STOCK_SCORERS, Unfit
from sandbox.evaluation.scoring import REPLICATES, resamples, stock

pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn isn't installed")
rng = np.random.default_rng(5)
N = 300
FIRST_ROWS = [[3, 1, 0, 2], [2, 0, 0, 3], [2, 3, 0, 0]]


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
    """Scores of earlier runs were paired by these very rows, so they may never change."""
    assert resamples(50).shape == (REPLICATES, 50)
    assert np.array_equal(resamples(50), resamples(50))
    assert resamples(4).tolist()[:3] == FIRST_ROWS
    assert set(np.unique(resamples(4))) == {0, 1, 2, 3}


@pytest.mark.parametrize("name", STOCK_NAMES)
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
        STOCK_SCORERS[name](labels, predictions, np.ones((1, len(labels))))
    assert caught.value.cause == cause


@pytest.mark.parametrize("name", ["log_loss", "auroc"])
def test_one_column_is_the_probability_of_class_one(name: str) -> None:
    labels, chances = np.array([0, 1, 1]), np.array([0.2, 0.9, 0.4])
    both = [STOCK_SCORERS[name](labels, form, np.ones((1, 3)))[0] for form in (chances, chances[:, None])]
    assert both[0] == both[1] == STOCK_SCORERS[name](labels, np.stack([1 - chances, chances], 1), np.ones((1, 3)))[0]


def test_classes_may_have_any_whole_numbers_where_they_are_predicted_themselves() -> None:
    labels = np.array([-1, 1, 5])
    assert STOCK_SCORERS["accuracy"](labels, labels.astype(float), np.ones((1, 3)))[0] == 1


def test_exact_counts_values_met_to_single_precision() -> None:
    labels = np.array([1.0, 100.0, 0.0, -3.0], dtype=np.float32)
    predictions = labels + np.array([1e-7, 1e-5, 0.1, 0.01])
    assert STOCK_SCORERS["exact"](labels, predictions, np.ones((1, 4)))[0] == 0.5
    assert STOCK_SCORERS["exact"](np.array([1, 2]), np.array([1, 3]), np.ones((1, 2)))[0] == 0.5


def scored(name: str, labels: np.ndarray, predictions: np.ndarray) -> float:
    return float(STOCK_SCORERS[name](labels, predictions, np.ones((1, len(labels))))[0])


def weighted(name: str, labels: np.ndarray, predictions: np.ndarray, *rows: list[float]) -> list[float]:
    return [float(value) for value in STOCK_SCORERS[name](labels, predictions, np.array(rows, dtype=float))]


@pytest.mark.parametrize("name", ["accuracy", "exact"])
def test_each_row_of_weights_is_a_score_of_its_own(name: str) -> None:
    labels, guessed = np.array([0, 1, 2, 3]), np.array([0, 1, 0, 0])
    assert weighted(name, labels, guessed, [1, 1, 1, 1], [0, 3, 1, 0], [0, 0, 2, 2]) == [0.5, 0.75, 0.0]


def test_errors_of_values_in_the_labels_unit() -> None:
    labels, predictions = np.array([1.0, -2.0, 4.0]), np.array([2.0, -2.0, 1.0])
    assert weighted("mae", labels, predictions, [1, 1, 1], [2, 0, 0]) == [pytest.approx(4 / 3), 1.0]
    assert weighted("rmse", labels, predictions, [1, 1, 1], [0, 1, 1]) == [
        pytest.approx((10 / 3) ** 0.5), pytest.approx(4.5**0.5),
    ]  # fmt: skip
    table = np.stack([labels, labels], axis=1)
    assert STOCK_SCORERS["mae"](table, table, np.ones((1, 3))).tolist() == [[0.0, 0.0]]


def test_a_class_that_a_resample_lacks_does_not_count() -> None:
    labels, guessed = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    assert weighted("macro_f1", labels, guessed, [1, 1, 1, 1], [2, 0, 0, 2], [1, 1, 0, 0]) == [
        pytest.approx((2 / 3 + 2 / 3 + 1) / 3), 1.0, pytest.approx((2 / 3 + 0) / 2),
    ]  # fmt: skip


def test_a_resample_of_one_class_has_no_area() -> None:
    area = weighted("auroc", np.array([0, 1, 1]), np.array([0.2, 0.9, 0.1]), [1, 1, 1], [0, 1, 1], [1, 2, 0])
    assert (area[0], area[2]) == (0.5, 1.0)
    assert np.isnan(area[1])


def test_ties_count_half_and_any_scale_will_do() -> None:
    labels = np.array([-1, 1, -1, 1])
    assert scored("auroc", labels, np.array([-300.0, 20.0, 20.0, 500.0])) == 0.875
    assert scored("auroc", labels, np.array([[1], [0], [1], [0]])) == 0.0


def test_of_several_classes_those_that_occur_are_compared() -> None:
    labels = np.array([0, 1, 3, 3])
    chances = np.array([[0.7, 0.1, 0.1, 0.1], [0.3, 0.4, 0.2, 0.1], [0.4, 0.1, 0.1, 0.4], [0.1, 0.1, 0.2, 0.6]])
    # 0 and 3 are told from the rest wholly, 1 as well
    assert scored("auroc", labels, chances) == 1.0
    chances[0], chances[2] = chances[2].copy(), chances[0].copy()  # now 3 is below 0 once, and 0 between two
    assert scored("auroc", labels, chances) == pytest.approx((2 / 3 + 1.0 + 2.5 / 4) / 3)


def test_the_right_class_with_no_chance_costs_a_bounded_loss() -> None:
    assert scored("log_loss", np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])) == pytest.approx(
        34.539 / 2, abs=1e-3
    )
    rescaled = scored("log_loss", np.array([0, 1]), np.array([[0.497, 0.496], [0.0, 1.0]]))
    assert rescaled == pytest.approx(-np.log(0.497 / 0.993) / 2)
    assert scored("log_loss", np.array([1.0, 0.0]), np.eye(2)[::-1]) == pytest.approx(0.0, abs=1e-12)


def test_exact_takes_the_likeliest_class_and_the_unit_of_large_values() -> None:
    assert scored("exact", np.array([2, 0]), np.array([[0.2, 0.2, 0.6], [0.1, 0.8, 0.1]])) == 0.5
    assert scored("exact", np.array([2, 0]), np.array([[2], [1]])) == 0.5
    large = np.array([1e6, -1e6])
    assert scored("exact", large, large + np.array([0.9, 1.1])) == 0.5
    small = np.array([0.0, 0.5])
    assert scored("exact", small, small + np.array([0.9e-6, 1.1e-6])) == 0.5


@pytest.mark.parametrize(
    ("labels", "predictions", "share"),
    [
        (np.array(["a", "b"]), np.array(["a", "a"]), 0.5),
        (np.array([True, False]), np.array([1.0, 1.0]), 0.5),
        (np.array([3, 4]), np.array([[3], [4]]), 1.0),
        (np.array([3.0, 4.0]), np.array([3, 5]), 0.5),
        (np.array([1, 0]), np.array([[0.4, 0.6], [0.6, 0.4]]), 1.0),
        (np.array([1.0, 2.0]), np.array([[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]]), 0.5),
    ],
)
def test_classes_in_any_form(labels: np.ndarray, predictions: np.ndarray, share: float) -> None:
    assert scored("accuracy", labels, predictions) == share


@pytest.mark.parametrize(
    ("rows", "fits"),
    [
        ([[1.0 + 1e-7, 0.0], [0.0, 1.0]], True),
        ([[1.00001, 0.0], [0.0, 1.0]], False),
        ([[0.505, 0.5], [0.0, 1.0]], True),
        ([[0.485, 0.5], [0.0, 1.0]], False),
        ([[0.515, 0.5], [0.0, 1.0]], False),
        ([[-0.001, 1.0], [0.0, 1.0]], False),
    ],
)
def test_what_counts_as_probabilities(rows: list[list[float]], fits: bool) -> None:
    labels = np.array([0, 1])
    if fits:
        assert np.isfinite(scored("log_loss", labels, np.array(rows)))
    else:
        with pytest.raises(Unfit, match="must be within 0 to 1 and sum to 1; give logits through a softmax"):
            scored("log_loss", labels, np.array(rows))


@pytest.mark.parametrize(
    ("name", "labels", "predictions", "said"),
    [
        ("auroc", np.array([1, 1]), np.array([0.2, 0.9]), "auroc compares classes, and all 2 items have the label 1"),
        ("accuracy", np.array([0, 1]), np.array([1.0, 0.25]), "predictions are values such as 0.25, not classes; write"),
        ("accuracy", np.array(["a"]), np.array([1]), "predictions are int64, labels are <U1"),
        ("accuracy", np.array([0, 3]), np.eye(2), r"predictions have shape \(2, 2\): column c is of class c, from 0 to 1;"
         " the labels go from 0 to 3; number the classes"),
        ("log_loss", np.array([0.5, 1.0]), np.eye(2), "labels are float64, column c is of class c; number the classes"),
        ("mae", np.array([1.0, 2.0]), np.array([1.0]), r"predictions have shape \(1,\), expected \(2,\)"),
        ("mae", np.array([1.0, 2.0]), np.ones((2, 3)), r"predictions have shape \(2, 3\), expected one value per item"),
        ("log_loss", np.array([0, 1]), np.ones((2, 2, 1)), r"predictions are float64 of shape \(2, 2, 1\); write"),
        ("auroc", np.array([0, 1]), np.ones((2, 1, 1)), r"predictions are float64 of shape \(2, 1, 1\); write"),
        ("accuracy", np.array([0, 1]), np.ones((2, 1, 1)), "expected one value per item"),
        ("exact", np.array([0, 1]), np.ones((2, 2, 2), int), r"predictions have shape \(2, 2, 2\), expected one value"),
        ("exact", np.array([0, 1]), np.ones((2, 1, 3), int), r"predictions have shape \(2, 1, 3\), expected one value"),
        ("exact", np.array(["a", "b"]), np.ones((2, 1, 1), int), "expected one value per item"),
        ("exact", np.array([0, 1]), np.ones((2, 0), int), r"predictions have shape \(2, 0\), expected one value"),
        ("mae", np.array([1.0, 2.0]), np.array(["a", "b"]), "predictions are <U1 text, expected numbers"),
        ("exact", np.array([1.0, 2.0]), np.array(["a", "b"]), "predictions are <U1 text, expected numbers"),
        ("auroc", np.array([0, 1]), np.array(["a", "b"]), "predictions are <U1 text, expected numbers"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_is_wrong(name: str, labels: np.ndarray, predictions: np.ndarray, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        scored(name, labels, predictions)
