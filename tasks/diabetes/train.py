"""Train a small network on ten patient measurements and predict disease progression for unseen patients."""

import argparse
from pathlib import Path

import numpy as np
import torch
from model import compute_loss, make_model

EPOCHS = 150
BATCH = 20
LEARNING_RATE = 0.003


def load(path):
    """Read an .npz file. Returns X: float32 (n, 10), as measured, and y: float32 (n,), 25 to 346, or None if absent."""
    with np.load(path) as archive:
        y = archive["y"] if "y" in archive.files else None
        return archive["X"], y


def input_statistics(x):
    """Centre and width of each input column: means, medians, spreads.

    x: float32 array (n, 10) of training inputs -> two float32 arrays (10,).
    """
    return x.mean(axis=0), np.full(x.shape[1], 50.0, dtype=np.float32)


def prepare(x, statistics):
    """Prepare the inputs: scaling, clipping.

    x: float32 array (n, 10); statistics: (centre, width), each (10,) -> float32 tensor (n, 10).
    """
    centre, width = statistics
    return torch.from_numpy((x - centre) / width)


def scale_targets(y):
    """Targets as the network learns them: scaling, logarithm.

    y: float32 array (n,), 25 to 346 -> float32 tensor (n, 1).
    """
    return torch.from_numpy(y / 100.0).unsqueeze(1)


def unscale_targets(predictions):
    """Undo scale_targets. predictions: float32 tensor (n, 1) -> float32 array (n,), 25 to 346."""
    return predictions.squeeze(1).numpy() * 100.0


def make_optimizer(model, steps):
    """The optimiser and the learning-rate schedule: kinds, rates, weight decay, warm-up.

    `steps` is the whole number of updates. Returns (optimizer, scheduler).
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return optimizer, scheduler


def fit(model, x, y):
    """The training loop, `model` in place: batches, mixing of examples, averages of weights, when to stop.

    x: float32 tensor (n, 10); y: float32 tensor (n, 1). Returns the model.
    """
    batches = -(-len(x) // BATCH)
    optimizer, scheduler = make_optimizer(model, EPOCHS * batches)
    model.train()
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = compute_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return model


def predict(model, x):
    """x: float32 tensor (n, 10), prepared -> predictions in prepared units, float32 tensor (n, 1)."""
    model.eval()
    with torch.no_grad():
        return model(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder with train.npz (X, y) and inputs.npz (X)")
    parser.add_argument("--out", type=Path, required=True, help="folder for predictions.npy")
    parser.add_argument("--seed", type=int, required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    torch.set_num_threads(1)
    x, y = load(args.data / "train.npz")
    statistics = input_statistics(x)
    model = fit(make_model(x.shape[1]), prepare(x, statistics), scale_targets(y))
    inputs, _ = load(args.data / "inputs.npz")
    np.save(args.out / "predictions.npy", unscale_targets(predict(model, prepare(inputs, statistics))))


if __name__ == "__main__":
    main()
