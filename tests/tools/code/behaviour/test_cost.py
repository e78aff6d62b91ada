"""Measures the cost of counting: the same training steps in one process, with and without the hooks' wrappers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.code.hook_process import start_hooks

PROGRAM = """\
import statistics
import time
import torch
from torch import nn
from torch.optim.optimizer import _global_optimizer_post_hooks as hooks

torch.set_num_threads(1)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters())
x, y = torch.randn(32, 64), torch.randint(0, 10, (32,))
counted = nn.Module.__call__, torch.autograd.backward, dict(hooks)
plain = counted[0].__wrapped__, counted[1].__wrapped__, {}

def seconds(way):
    nn.Module.__call__, torch.autograd.backward = way[:2]
    hooks.clear()
    hooks.update(way[2])
    begun = time.perf_counter()
    for _ in range(4):  # shorter than a slice of a busy processor
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return time.perf_counter() - begun

pairs = []
for pair in range(1000):  # by turns the one first and the other; what the processor took away is in few pairs
    first, second = (seconds(way) for way in ((plain, counted), (counted, plain))[pair % 2])
    with_hooks, without = (first, second) if pair % 2 else (second, first)
    pairs.append((with_hooks / without, without / 4))
ratio, step = (statistics.median(column) for column in zip(*pairs))
raise SystemExit(f"cost {ratio - 1:.4f} of {step * 1e6:.0f} us")
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_counting_takes_less_than_a_twentieth_of_a_small_networks_time(tmp_path: Path) -> None:
    _, report, log = start_hooks(tmp_path, {"main.py": PROGRAM}, trace=False)  # type: ignore[arg-type]
    assert report.behaviour.amounts["optimizer steps"] == 4000
    print(log)
    assert float(log.partition("cost ")[2].split()[0]) < 0.05
