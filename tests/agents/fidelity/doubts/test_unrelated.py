from __future__ import annotations

import pytest

from agents.fidelity.doubts.unrelated import find_unrelated
from agents.fidelity.techniques import find_named

ADAMW = ["new: torch.optim.AdamW(weight_decay=0.05)", "gone: torch.optim.Adam", "gone: torch.optim.Adam.step"]
FROM_SGD = ["new: torch.optim.AdamW(weight_decay=0.05)", "gone: torch.optim.SGD(lr=0.05, momentum=0.9)"]
RATE = ["learning rate at first 0.003 -> 0.001", "learning rate at last 0.003 -> 0.001"]


@pytest.mark.parametrize(
    ("title", "lines", "told"),
    [
        ("Dropout", ["optimizer steps 420 -> 525"], 1),
        ("Dropout", ["optimizer steps 420 -> 423"], 0),  # next to nothing
        ("Dropout, and training longer", ["optimizer steps 420 -> 525"], 0),  # it says so
        ("Mixup", ["examples in training 12000 -> 240000"], 1),
        ("Mixup", ["examples in training 120 -> 240", "forward passes in training 12 -> 24"], 0),  # of the same batch
        ("Mixup of examples in larger batches", ["examples in training 12000 -> 24000"], 0),
        ("Early stopping", ["optimizer steps 420 -> 324", "examples in training 12000 -> 9720"], 0),
        ("Early stopping", ["optimizer steps 420 -> 840"], 1),
        ("Ensemble of five networks", ["optimizer steps 420 -> 2100", "parameters 10 -> 50"], 0),
        ("Batch normalisation", ["parameters 8970 -> 9226", "optimizer steps 420 -> 400"], 0),
        ("Dropout", ["parameters 8970 -> 17000"], 1),
        ("Dropout", ["learning rates: constant -> decay", "learning rate at last 0.1 -> 0"], 2),
        ("Cosine schedule", ["learning rates: constant -> decay", "learning rate at last 0.1 -> 0"], 0),
        ("Gradient clipping", ADAMW, 1),
        ("AdamW", ADAMW, 0),
        ("AdamW", FROM_SGD + RATE, 0),  # the rates of the two aren't alike
        ("AdamW", ADAMW + RATE, 2),
        ("Label smoothing", ["gone: torch.nn.functional.cross_entropy", "new: torch.log_softmax"], 0),
        ("Dropout", ["gone: torch.nn.functional.cross_entropy", "new: torch.log_softmax"], 1),
        ("Dropout", ["gone: torch.nn.CrossEntropyLoss", "new: torch.nn.functional.cross_entropy"], 0),
        ("Dropout", ["torch.optim.SGD(lr=0.1) -> torch.optim.SGD(lr=0.1, momentum=0.9)"], 1),
        ("Dropout", ["seconds 1 -> 3", "memory in MB 10 -> 30", "new: torch.randperm", "random draws 1 -> 2"], 0),
        ("Dropout", ["new: torch.nn.Dropout(p=0.2)", "nothing measurable differs", "and 3 differences more"], 0),
    ],
)
def test_what_the_technique_does_not_bring_is_told(title: str, lines: list[str], told: int) -> None:
    assert len(find_unrelated(find_named(title), title, lines)) == told
    assert find_unrelated(find_named(title), title, None) == []
