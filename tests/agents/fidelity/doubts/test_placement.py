from __future__ import annotations

import pytest

from agents.fidelity.change.hunks import Line
from agents.fidelity.change.reading import read_change
from agents.fidelity.doubts.placement import find_misplacements

LOOP = "for epoch in range(9):\n    for rows in batches:\n        xb = x[rows]\n{}\n        loss.backward()\n        optimizer.step()"
NOISE, MIX, CLIP = "noise on the inputs", "mixup", "gradient clipping"


def change(code: str) -> str:
    """All of it is new; a line that begins with `- ` was there and is gone."""
    lines = [f"-{line[2:]}" if line.startswith("- ") else f"+{line}" for line in code.split("\n")]
    return "--- a/p.py\n+++ b/p.py\n@@ -1,3 +1,9 @@\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("name", "claim", "code", "told"),
    [
        ("dropout", "", "m = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2), nn.Dropout(0.3))", "last layer"),
        ("dropout", "", "m = nn.Sequential(*m, nn.Dropout(0.3))", "last layer"),
        ("dropout", "", "self.features = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.3))", ""),
        ("dropout", "", "logits = F.dropout(model(x), 0.3)", "network's output"),
        ("dropout", "", "x = self.dropout(logits)", "network's output"),
        ("dropout", "", "-     return self.out(x)\n    return self.drop(self.out(x))", "what was returned"),
        ("dropout", "", "-     return self.out(x)\n    return self.out(self.drop(x))", ""),
        ("dropout", "", "-     return torch.relu(self.lin(x))\n    return self.drop(torch.relu(self.lin(x)))", ""),
        ("dropout", "", "def forward(self, x):\n    return self.out(F.dropout(x, 0.3))", "at prediction too"),
        ("dropout", "", "def forward(self, x):\n    return self.out(F.dropout(x, 0.3, True))", "at prediction too"),
        ("dropout", "", "def forward(self, x):\n    return self.out(F.dropout(x, 0.3, self.training))", ""),
        ("dropout", "", "def augment(x):\n    return F.dropout(x, 0.3)", ""),
        ("dropout", "", "def forward(self, x):\n    return self.out(nn.Dropout(0.3)(x))", "at prediction too"),
        ("dropout", "", "def forward(self, x):\n    drop = Dropout2d(0.3)\n    return self.out(drop(x))", "at prediction too"),
        ("dropout", "", "def forward(self, x):\n    return self.out(nn.Dropout(0.3).train(self.training)(x))", ""),
        ("dropout", "", "def __init__(self):\n    self.drop = nn.Dropout(0.3)\ndef forward(self, x):\n    return self.drop(x)", ""),
        ("dropout", "", "def predict(x, test):\n    return fit(nn.Sequential(nn.Dropout(0.3), nn.Linear(4, 2)), x)(test)", ""),
        ("dropout", "after each hidden layer", "m = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.3), "
         "nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))", "1 times for 2"),
        ("dropout", "after each hidden layer", "features = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.3), "
         "nn.Linear(4, 4), nn.ReLU())", "1 times for 2"),
        ("batch normalisation", "after each hidden linear layer", "m = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), "
         "nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 2))", ""),
        ("dropout", "after each hidden layer", "def forward(self, x):\n    for layer in self.layers:\n"
         "        x = self.drop(torch.relu(layer(torch.relu(x))))\n    return x", ""),
        ("batch normalisation", "between each layer and its activation", "x = self.norm(torch.relu(self.lin(x)))", "not before"),
        ("batch normalisation", "between each layer and its activation", "x = torch.relu(self.norm(self.lin(x)))", ""),
        ("batch normalisation", "after each hidden layer", "x = self.norm(torch.relu(self.lin(x)))", ""),
        (CLIP, "", "clip_grad_norm_(p, 1)\noptimizer.zero_grad()\nloss.backward()\noptimizer.step()", "before the gradients"),
        (CLIP, "", "loss.backward()\noptimizer.step()\nseen += 1\nclip_grad_norm_(p, 1)", "after the step"),
        (CLIP, "", "loss.backward()\nclip_grad_norm_(p, 1)\noptimizer.zero_grad()\noptimizer.step()", "set to zero"),
        (CLIP, "", "optimizer.zero_grad()\nloss.backward()\nn = clip_grad_norm_(p, 1)\noptimizer.step()\nscheduler.step()", ""),
        (CLIP, "", "loss.backward()\nif clip:\n    clip_grad_norm_(p, 1)\noptimizer.step()", ""),
        (CLIP, "", "optimizer.zero_grad()\nclip_grad_norm_(p, 1)", ""),  # the rest isn't seen
        (NOISE, "each batch", LOOP.format("        xb = xb + 0.1 * torch.randn_like(xb)"), ""),
        (NOISE, "each batch", LOOP.format("        x = x + 0.1 * torch.randn_like(x)"), "never taken anew"),
        (NOISE, "each batch", LOOP.format("        x[rows] += 0.1 * torch.randn_like(x[rows])"), "never taken anew"),
        (NOISE, "each batch", "x = x + torch.randn_like(x)\n" + LOOP.format(""), "drawn once"),
        (NOISE, "", "def augment(x):\n    return x + torch.randn_like(x)", ""),
        (NOISE, "", "def forward(self, x):\n    return self.out(x + torch.randn_like(x))", "at prediction too"),
        (NOISE, "", "def forward(self, x):\n    if self.training:\n        x = x + torch.randn_like(x)\n    return x", ""),
        (MIX, "", LOOP.format("        xb = lam * xb + (1 - lam) * xb[order]"), ""),
        (MIX, "", LOOP.format("        x = lam * x + (1 - lam) * x[order]"), "never taken anew"),
        (MIX, "", LOOP.format("        p = torch.randperm(len(rows))\n        xb = lam * x[rows] + (1 - lam) * x[p]"), "first examples"),
        (MIX, "", LOOP.format("        p = torch.randperm(len(rows))\n        xb = lam * x[rows] + (1 - lam) * x[rows][p]"), ""),
        (MIX, "", LOOP.format("        p = torch.randperm(len(rows))\n        xb = lam * x[rows] + (1 - lam) * x[rows[p]]"), ""),
        (MIX, "", LOOP.format("        p = rows[torch.randperm(len(rows))]\n        xb = lam * xb + (1 - lam) * x[p]"), ""),
        ("early stopping", "", LOOP.format("") + "\n        if waited > 4:\n            break", "loop over batches alone"),
        ("early stopping", "", LOOP.format("") + "\n    if waited > 4:\n        break", ""),
        ("early stopping", "", "        loss.backward()\n    if waited > 4:\n        break", ""),  # it begins inside the loop
        ("weight averaging", "once per epoch", "        loss.backward()\n    swa.update_parameters(model)", ""),
        (CLIP, "", "        loss.backward()\n        optimizer.step()\n    clip_grad_norm_(p, 1)", ""),
        ("ensemble", "", "for i in range(5):\n    torch.manual_seed(0)\n    nets.append(fit())", "the same"),
        ("ensemble", "", "for i in range(5):\n    torch.manual_seed(args.seed)\n    nets.append(fit())", "the same"),
        ("ensemble", "", "for i in range(5):\n    torch.manual_seed(args.seed + i)\n    nets.append(fit())", ""),
        ("ensemble", "", "for i in range(5):\n    seed = 3 * i\n    torch.manual_seed(seed)\n    nets.append(fit())", ""),
        ("weight averaging", "once per epoch", LOOP.format("") + "\n        swa.update_parameters(model)", "every batch"),
        ("weight averaging", "once per epoch", LOOP.format("") + "\n    swa.update_parameters(model)", ""),
        ("weight averaging", "", LOOP.format("") + "\n        swa.update_parameters(model)", ""),
    ],
)  # fmt: skip
def test_where_a_technique_acts(name: str, claim: str, code: str, told: str) -> None:
    found = find_misplacements(name, claim, read_change(change(code)).changed)
    assert any(told in line for line in found) if told else found == []


def test_what_is_nested_too_deeply_is_not_doubted() -> None:
    deep = "x = randn(x" + "[0]" * 700 + ")\nreturn drop(" + "f(" * 90 + "x" + ")" * 90 + ")"
    hunks = read_change(change("y = 1")).changed
    hunks[0].new[:] = [Line(line, True) for line in deep.split("\n")]
    for name in ("dropout", NOISE, MIX, CLIP, "ensemble", "early stopping", "weight averaging"):
        find_misplacements(name, "each layer, each batch", hunks)
