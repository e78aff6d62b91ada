"""A small one-dimensional convolutional network for signals of four kinds."""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SETTINGS = {"epochs": 15, "batch": 25, "lr": 0.002}


def read(path):
    """Returns signals, float32 tensor (n, 32), and kinds, int64 tensor (n,), 0 to 3 (None where the file has none)."""
    archive = np.load(path)
    signals = torch.from_numpy(archive["X"].astype(np.float32))
    kinds = torch.from_numpy(archive["y"].astype(np.int64)) if "y" in archive.files else None
    return signals, kinds


def build_network():
    """The network: float32 tensor (n, 1, 32) -> logits, float32 tensor (n, 4)."""
    return nn.Sequential(
        nn.Conv1d(1, 12, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(12, 24, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(4),
        nn.Flatten(),
        nn.Linear(96, 4),
    )


def make_optimizer(network):
    """The optimiser of all of the network's weights."""
    return torch.optim.Adam(network.parameters(), lr=SETTINGS["lr"])


def train_epoch(network, optimizer, signals, kinds):
    """One pass over the training signals (n, 32) and kinds (n,) in random order. Returns the mean loss, a float."""
    network.train()
    losses = []
    for batch in torch.randperm(len(signals)).split(SETTINGS["batch"]):
        logits = network(signals[batch].unsqueeze(1))
        loss = F.cross_entropy(logits, kinds[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def fit(network, signals, kinds):
    """Train for all epochs: signals (n, 32), kinds (n,). Returns the network that predicts."""
    optimizer = make_optimizer(network)
    for _ in range(SETTINGS["epochs"]):
        train_epoch(network, optimizer, signals, kinds)
    return network


def scores(network, signals):
    """signals: float32 tensor (n, 32) -> probabilities, float32 tensor (n, 4)."""
    network.eval()
    with torch.no_grad():
        return F.softmax(network(signals.unsqueeze(1)), dim=1)


def solve(signals, kinds, unseen):
    """Train on signals (n, 32) and kinds (n,), then tell the kinds of `unseen` (m, 32): int64 tensor (m,)."""
    network = fit(build_network(), signals, kinds)
    return scores(network, unseen).argmax(dim=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    signals, kinds = read(args.data / "train.npz")
    unseen, _ = read(args.data / "inputs.npz")
    np.save(args.out / "predictions.npy", solve(signals, kinds, unseen).numpy())


if __name__ == "__main__":
    main()
