"""Train a small convolutional network on one-dimensional signals and predict the classes of unseen ones."""

import argparse
from pathlib import Path

import numpy as np
import torch
from model import SignalNet, compute_loss

EPOCHS = 40
BATCH = 50
LEARNING_RATE = 0.003


def load(path):
    """Read an .npz file. Returns X: float32 (n, 40), mean 0 and SD 1 overall, and y: int64 (n,) or None if absent."""
    with np.load(path) as archive:
        y = archive["y"] if "y" in archive.files else None
        return archive["X"], y


def augment(x):
    """Change a training batch at random: shifts, scaling, noise.

    x: float32 tensor (batch, 40) -> the same shape.
    """
    return x


def make_optimizer(model, steps):
    """The optimiser and the learning-rate schedule: kinds, rates, weight decay, warm-up.

    `steps` is the whole number of updates. Returns (optimizer, scheduler).
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return optimizer, scheduler


def fit(model, x, y):
    """The training loop, `model` in place: batches, mixing of examples, averages of weights, when to stop.

    x: float32 tensor (n, 40); y: int64 tensor (n,), 0 to 9. Returns the model.
    """
    batches = -(-len(x) // BATCH)
    optimizer, scheduler = make_optimizer(model, EPOCHS * batches)
    model.train()
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = compute_loss(model(augment(x[rows])), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return model


def predict(model, x):
    """x: float32 tensor (n, 40) -> predicted classes, int64 array (n,), 0 to 9."""
    model.eval()
    with torch.no_grad():
        return model(x).argmax(dim=1).numpy()


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
    model = fit(SignalNet(), torch.from_numpy(x), torch.from_numpy(y))
    inputs, _ = load(args.data / "inputs.npz")
    np.save(args.out / "predictions.npy", predict(model, torch.from_numpy(inputs)))


if __name__ == "__main__":
    main()
