from __future__ import annotations

import pytest

from agents.fidelity.doubts.numbers import find_contradictions
from agents.fidelity.techniques import find_named


@pytest.mark.parametrize(
    ("claim", "code", "lines", "told"),
    [
        ("Dropout with probability 0.3", "x = nn.Dropout(0.3)", [], ""),
        ("Dropout with probability 0.3", "x = nn.Dropout(p=0.5)", [], "0.3 was asked for, 0.5 is there"),
        ("Dropout of 30 per cent", "x = nn.Dropout(p=0.3)", [], ""),
        ("Dropout: drop a tenth of the inputs", "x = F.dropout(x, 0.1, self.training)", [], ""),
        ("Dropout: drop a tenth of the inputs", "x = F.dropout(x, 0.2, self.training)", [], "0.1 was asked for, 0.2 is there"),
        ("Dropout of 0.2 and 0.5", "a = nn.Dropout(0.2)\nb = nn.Dropout(0.5)", [], ""),
        ("Dropout between 0.2 and 0.5", "a = nn.Dropout(0.3)", [], ""),
        ("Dropout of 0.3", "a = nn.Dropout(rate)", [], ""),  # no plain number
        ("Dropout of 0.3", "a = nn.Dropout(0.1 * depth)", [], ""),
        ("Dropout", "a = nn.Dropout(0.1)", [], ""),
        ("Label smoothing of 0.1", "F.cross_entropy(a, b, label_smoothing=0.1)", [], ""),
        ("Label smoothing of 0.1", "F.cross_entropy(a, b, label_smoothing=0.2)", [], "0.1 was asked for, 0.2 is there"),
        ("Gradient clipping at a norm of 1", "clip_grad_norm_(model.parameters(), 1.0)", [], ""),
        ("Gradient clipping at a norm of 1", "clip_grad_norm_(m.parameters(), max_norm=5)", [], "1 was asked for, 5 is there"),
        ("AdamW with a weight decay of 0.05", "AdamW(p, lr=0.1, weight_decay=5e-2)", [], ""),
        ("AdamW with a weight decay of 0.05", "AdamW(p, lr=0.1)", [], "0.05 was asked for, 0.01 is there"),
        ("AdamW with a weight decay of 0.01", "AdamW(p, lr=0.1)", [], ""),
        ("Gaussian noise of deviation 0.1", "x = x + torch.randn_like(x) * 0.1", [], ""),
        ("Gaussian noise of deviation 0.1", "x = x + 0.5 * torch.randn_like(x)", [], "0.1 was asked for, 0.5 is there"),
        ("Gaussian noise of deviation 0.1", "x = x + torch.normal(0.0, 0.3, x.shape)", [], "0.1 was asked for, 0.3 is there"),
        ("Early stopping after 5 epochs", "if waited > 4:\nbreak", [], ""),
        ("Early stopping after five epochs", "if patience >= 20:\nbreak", [], "5 was asked for, 20 is there"),
        ("Ensemble of 5 networks", "", ["parameters 100 -> 500"], ""),
        ("Ensemble of five networks", "", ["parameters 100 -> 300"], "5 was asked for, 3 is there"),
        ("Warm-up over the first 5 per cent", "", ["share of steps before the highest learning rate 0 -> 0.048"], ""),
        ("Warm-up over the first 5 per cent", "", ["share of steps before the highest learning rate 0 -> 0.9"],
         "0.05 was asked for, 0.9 is there"),
        ("Weight averaging over the last quarter", "start = int(0.75 * epochs)", [], ""),
        ("Weight averaging over the last quarter", "if epoch > epochs * 0.5:", [], "0.25 was asked for, 0.5 is there"),
        ("Mixup by Beta(0.2, 0.2)", "lam = np.random.beta(0.2, 0.2)", [], ""),
        ("Mixup by Beta(0.2, 0.2)", "lam = torch.distributions.Beta(1.0, 1.0).sample()", [], "0.2 was asked for, 1 is there"),
    ],
)  # fmt: skip
def test_a_plain_number_that_contradicts_the_claim_is_told(claim: str, code: str, lines: list[str], told: str) -> None:
    (technique,) = find_named(claim)
    found = [line for one in technique.numbers for line in find_contradictions(one, claim, code, lines)]
    assert found == ([told] if told else [])
