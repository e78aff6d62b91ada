"""A small multilayer perceptron that tells five classes of a table apart."""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

EPOCHS = 40
BATCH = 32
RATE = 0.05


class Net(nn.Module):
    """Two hidden layers. x: float32 tensor (n, 16) -> logits, float32 tensor (n, 5)."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(16, 64)
        self.second = nn.Linear(64, 64)
        self.out = nn.Linear(64, 5)

    def forward(self, x):
        x = torch.relu(self.first(x))
        x = torch.relu(self.second(x))
        return self.out(x)


def load(path):
    """Read an .npz file. Returns X: float32 tensor (n, 16), and y: int64 tensor (n,), 0 to 4, or None if absent."""
    with np.load(path) as archive:
        x = torch.tensor(archive["X"], dtype=torch.float32)
        return x, torch.tensor(archive["y"]).long() if "y" in archive.files else None


def fit(model, x, y):
    """Train `model` in place. x: float32 tensor (n, 16); y: int64 tensor (n,), 0 to 4. Returns the trained model."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    model.train()
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def predict(model, x):
    """x: float32 tensor (n, 16) -> probabilities, float32 array (n, 5)."""
    model.eval()
    with torch.no_grad():
        return torch.softmax(model(x), dim=1).numpy()


def run(x, y, inputs):
    """Train on x (n, 16) and y (n,), then predict `inputs` (m, 16). Returns probabilities, float32 array (m, 5)."""
    return predict(fit(Net(), x, y), inputs)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--data", "--out", "--seed"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    torch.manual_seed(int(options.seed))
    torch.set_num_threads(1)
    x, y = load(Path(options.data) / "train.npz")
    inputs, _ = load(Path(options.data) / "inputs.npz")
    np.save(Path(options.out) / "predictions.npy", run(x, y, inputs).argmax(axis=1))


if __name__ == "__main__":
    main()
