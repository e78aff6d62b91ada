"""Classify 8x8 images of digits by softmax regression."""

import argparse
from pathlib import Path

import numpy as np

STEPS = 25
RATE = 0.05


def load(path):
    """X: float32 (n, 64), pixels 0 to 16; y: int64 (n,) or None."""
    with np.load(path) as archive:
        return archive["X"], archive["y"] if "y" in archive.files else None


def prepare(x):
    """x: float32 (n, 64) -> float (n, 65): scaled, with a column of ones."""
    return np.column_stack([x / 16.0, np.ones(len(x))])


def fit(x, y):
    """x: float (n, 65); y: int64 (n,) -> weights (65, 10)."""
    weights = np.random.normal(size=(x.shape[1], 10)) * 0.3
    for _ in range(STEPS):
        rows = np.random.permutation(len(x))[:64]
        scores = x[rows] @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        chances[np.arange(len(rows)), y[rows]] -= 1.0
        weights -= RATE * x[rows].T @ chances
    return weights


def predict(model, x):
    """Weights (65, 10), x (n, 65) -> classes, int64 (n,)."""
    return (x @ model).argmax(axis=1)


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
