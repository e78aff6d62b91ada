"""Counts tokens where the model reads them, and compares what was timed in turn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import fmean, stdev
from typing import Any, NamedTuple

import torch
from scipy.stats import t
from torch.nn.modules.module import register_module_forward_pre_hook


class Ratio(NamedTuple):
    """A geometric mean with its 95 % interval over repeats."""

    value: float
    low: float
    high: float

    def told(self) -> str:
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"


@contextmanager
def count_embedded() -> Iterator[list[int]]:
    """Yield a list that gets the number of ids, padding among them, each time that any embedding reads some."""
    read: list[int] = []

    def note(module: torch.nn.Module, arguments: Any) -> None:
        if isinstance(module, torch.nn.Embedding):
            read.append(arguments[0].numel())

    hook = register_module_forward_pre_hook(note)
    try:
        yield read
    finally:
        hook.remove()


def compare_ratios(others: Sequence[float], ours: Sequence[float]) -> Ratio:
    """Return how many times `ours` the `others` are; values of one place belong to one repeat. The interval is
    Student's t on the logarithms, and endless for a single repeat."""
    logs = [math.log(other / own) for other, own in zip(others, ours, strict=True)]
    middle = fmean(logs)
    if len(logs) == 1:
        return Ratio(math.exp(middle), 0.0, math.inf)
    half = float(t.ppf(0.975, len(logs) - 1)) * stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half))
