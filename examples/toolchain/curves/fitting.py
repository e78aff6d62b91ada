"""The domain itself: terms of a regression, a fit on resampled training points, the error on the points of a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TERMS: dict[str, Callable[[Array], Array]] = {
    "square": lambda x: x**2, "cube": lambda x: x**3, "sine": np.sin, "cosine": np.cos, "root": lambda x: abs(x) ** 0.5,
}  # fmt: skip
SPLITS = ("train", "validation", "sealed")
RESAMPLES = 200


def select_points(points: Sequence[tuple[float, float]], split: str, secret: int) -> tuple[Array, Array]:
    """x and y, float arrays (n,), of a third of the points; `secret` draws which. A smoke run sees training points."""
    order = np.random.default_rng(secret).permutation(len(points))
    chosen = np.asarray(points)[order[SPLITS.index("train" if split == "smoke" else split) :: len(SPLITS)]]
    return chosen[:, 0], chosen[:, 1]


def fit_and_predict(terms: Sequence[str], train: tuple[Array, Array], x: Array, seed: int) -> Array:
    """Fit the terms, a line besides, to a resample of the training points, which the seed draws. Returns y at `x`."""
    rows = np.random.default_rng(seed).integers(len(train[0]), size=len(train[0]))
    weights = np.linalg.lstsq(_build_design(terms, train[0][rows]), train[1][rows], rcond=None)[0]
    return _build_design(terms, x) @ weights


def measure_errors(predicted: Array, y: Array) -> tuple[float, list[float]]:
    """The root mean square error, and the same on fixed resamples of the points."""
    errors = (predicted - y) ** 2
    weights = np.random.default_rng(0).multinomial(len(y), np.full(len(y), 1 / len(y)), size=RESAMPLES) / len(y)
    return float(np.sqrt(errors.mean())), np.sqrt(weights @ errors).tolist()


def _build_design(terms: Sequence[str], x: Array) -> Array:
    return np.column_stack([np.ones(len(x)), x, *(TERMS[term](x) for term in terms)])
