"""Small programs with known behaviour, and a function that measures their signature by the hooks."""

from __future__ import annotations

from pathlib import Path

from pelagos.nouns import Experiment, OutcomeKind, Signature, Version
from tests.tools.code.hook_process import start_hooks
from tools.code.behaviour.signature import build_signature

TORCH = """\
import torch
from torch import nn

EPOCHS = 8

def make_model():
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))

def fit(model, x, y):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model.train()
    for epoch in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(10):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(40, 4)
y = (x.sum(dim=1) > 0).long()
model = fit(make_model(), x, y)
model.eval()
with torch.no_grad():
    model(x)
"""
LONGER = TORCH.replace("range(EPOCHS)", "range(EPOCHS + EPOCHS // 4)")  # "averages the weights over the last quarter"
AVERAGES = (
    TORCH.replace("    model.train()\n", "    model.train()\n    mean = torch.optim.swa_utils.AveragedModel(model)\n")
    .replace(
        "    return model\n",
        "        if epoch >= 6:\n            mean.update_parameters(model)\n    return mean.module\n",
    )
    .replace("nn.ReLU(), nn.Linear(6, 2)", "nn.Dropout(0.2), nn.ReLU(), nn.Linear(6, 2, bias=False)")
    .replace("y[rows])\n", "y[rows], label_smoothing=0.1)\n")
)
SKLEARN = """\
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

draw = np.random.default_rng(0)
x = np.sqrt(np.abs(draw.normal(size=(40, 3))))
y = (x[:, 0] > 0.8).astype(int)
RandomForestClassifier(n_estimators=7, random_state=0).fit(x, y)
model = LogisticRegression(C=0.5, max_iter=3)
try:
    model.fit(x, y)
finally:
    print(model.n_iter_)
"""


def measure(folder: Path, text: str) -> Signature:
    """The behaviour reported by one traced run: amounts and names."""
    folder.mkdir()
    _, report, log = start_hooks(folder, {"main.py": text})
    assert "Error" not in log
    ran = Experiment(id="e", version="v", hypothesis=None, seed=0, split="validation", outcome=OutcomeKind.OK)
    version = Version(id="v", hypothesis=None, plan=None, content="")
    return build_signature(version, ran, report.behaviour, report.behaviour)
