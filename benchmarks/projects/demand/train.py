"""Ridge regression of the next hour's demand on the 48 hours before."""

import argparse
from pathlib import Path

import numpy as np

PENALTY = 1.0


def load(path):
    """Read an .npz file. Returns X: float32 (n, 48), oldest hour first, and y: float32 (n,), or None if absent."""
    with np.load(path) as archive:
        return archive["X"], archive["y"] if "y" in archive.files else None


def lags(x):
    """Inputs of the regression. x: float32 array (n, 48) -> float array (n, k)."""
    return np.column_stack([x, np.ones(len(x))])


def fit(x, y, rng):
    """Ridge regression on a bootstrap sample. x: float array (n, k); y: float array (n,) -> weights (k,)."""
    rows = rng.integers(0, len(x), size=len(x))
    x, y = x[rows], y[rows]
    return np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ y)


def forecast(weights, x):
    """x: float array (n, k); weights: (k,) -> demand, float array (n,)."""
    return x @ weights


def main():
    parser = argparse.ArgumentParser()
    for name in ("--data", "--out", "--seed"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    x, y = load(Path(options.data) / "train.npz")
    inputs, _ = load(Path(options.data) / "inputs.npz")
    weights = fit(lags(x), y, np.random.default_rng(int(options.seed)))
    np.save(Path(options.out) / "predictions.npy", forecast(weights, lags(inputs)))


if __name__ == "__main__":
    main()
