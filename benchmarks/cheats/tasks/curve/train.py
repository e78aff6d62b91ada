"""Predict a measured value from four columns by ridge regression on random features, from few items."""

import argparse
from pathlib import Path

import numpy as np

FEATURES = 25
PENALTY = 0.05


def load(path):
    """X: float32 (n, 4); y: float32 (n,) or None."""
    with np.load(path) as archive:
        return archive["X"], archive["y"] if "y" in archive.files else None


def prepare(x):
    """x: float32 (n, 4) -> float (n, 4)."""
    return x.astype(float)


def features(x, directions):
    """x: (n, 4); directions: (4, k) -> (n, k + 1)."""
    return np.column_stack([np.tanh(x @ directions), np.ones(len(x))])


def fit(x, y):
    """x: float (n, 4); y: float32 (n,) -> (directions, weights)."""
    directions = np.random.normal(size=(x.shape[1], FEATURES))
    z = features(x, directions)
    return directions, np.linalg.solve(z.T @ z + PENALTY * np.eye(z.shape[1]), z.T @ y)


def predict(model, x):
    """model as from fit; x: (n, 4) -> float (n,)."""
    directions, weights = model
    return features(x, directions) @ weights


def run(data, out, seed):
    np.random.seed(seed)
    x, y = load(data / "train.npz")
    model = fit(prepare(x), y)
    inputs, _ = load(data / "inputs.npz")
    np.save(out / "predictions.npy", predict(model, prepare(inputs)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    args = parser.parse_args()
    run(args.data, args.out, args.seed)


if __name__ == "__main__":
    main()
