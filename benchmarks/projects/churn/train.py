"""Logistic regression on a table of customers."""

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression


def load(path):
    """Read an .npz file. Returns X: float32 (n, 12), and y: int64 (n,), or None if absent."""
    with np.load(path) as archive:
        return archive["X"], archive["y"] if "y" in archive.files else None


def features(x):
    """The columns as the model sees them. x: float32 array (n, 12) -> float array (n, k)."""
    return x


def make_model(seed):
    """The classifier, not trained yet."""
    return LogisticRegression(max_iter=50, random_state=seed)


def fit(model, x, y, rng):
    """Train on a bootstrap sample of the rows. x: float array (n, k); y: int64 array (n,). Returns the model."""
    rows = rng.integers(0, len(x), size=len(x))
    return model.fit(x[rows], y[rows])


def predict(model, x):
    """x: float array (n, k) -> classes, int64 array (n,), 0 or 1."""
    return model.predict(x)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--data", "--out", "--seed"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    x, y = load(Path(options.data) / "train.npz")
    inputs, _ = load(Path(options.data) / "inputs.npz")
    model = fit(make_model(int(options.seed)), features(x), y, np.random.default_rng(int(options.seed)))
    np.save(Path(options.out) / "predictions.npy", predict(model, features(inputs)))


if __name__ == "__main__":
    main()
