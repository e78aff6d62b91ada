"""A decision tree on sensor readings."""

import argparse
from pathlib import Path

import numpy as np
from sklearn.tree import DecisionTreeClassifier


def load(path):
    """Read an .npz file. Returns X: float32 (n, 20), and y: int64 (n,), or None if absent."""
    with np.load(path) as archive:
        return archive["X"], archive["y"] if "y" in archive.files else None


def clean(x):
    """Readings as the model sees them. x: float32 array (n, 20) -> float array (n, k)."""
    return x


def sample(x, y, rng):
    """The rows to train on. x: float array (n, k); y: int64 array (n,) -> the same two, of any number of rows."""
    rows = rng.integers(0, len(x), size=len(x))
    return x[rows], y[rows]


def make_model(seed):
    """The classifier, not trained yet."""
    return DecisionTreeClassifier(random_state=seed)


def predict(model, x):
    """x: float array (n, k) -> classes, int64 array (n,), 0 to 2."""
    return model.predict(x)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--data", "--out", "--seed"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    x, y = load(Path(options.data) / "train.npz")
    inputs, _ = load(Path(options.data) / "inputs.npz")
    model = make_model(int(options.seed)).fit(*sample(clean(x), y, np.random.default_rng(int(options.seed))))
    np.save(Path(options.out) / "predictions.npy", predict(model, clean(inputs)))


if __name__ == "__main__":
    main()
