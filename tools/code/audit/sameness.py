"""Predictions that nothing changes: the same for every seed and every training label, or a seed that is pinned.

The same predictions for every seed are no sign by themselves: many honest models have nothing random in them.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from sandbox.border.arrays import read_array
from sandbox.border.told import Invalid
from tools.code.audit.source import Source
from tools.code.program import Program

SEEDING = frozenset({"torch.manual_seed", "numpy.random.seed", "random.seed", "torch.random.manual_seed"})


def sameness(
    candidate: Sequence[bytes], control: bytes, baseline: Sequence[bytes], program: Program, untouched: Program
) -> list[str]:
    """Predictions (.npy) by seed, of version and baseline; `control` is the version's on relabelled training data."""
    varies = len(set(baseline)) > 1
    if not varies or len(set(candidate)) > 1 or len(candidate) < 2:
        return []
    if control == candidate[0] and not _constant(control):
        return ["its predictions are the same for every seed and for training labels that are all wrong"]
    pinned = sorted(pins(program) - pins(untouched))
    return [f"{place}: the same for every seed: sets the seed to a constant, by {name}" for place, name in pinned]


def pins(program: Program) -> set[tuple[str, str]]:
    """(file, function) of global seeds set to a constant."""
    found = set()
    for path, tree in program.trees.items():
        for call, full in Source(path, tree).calls():
            if full in SEEDING and call.args and isinstance(call.args[0], ast.Constant):
                found.add((path, full))
    return found


def _constant(raw: bytes) -> bool:
    """One prediction for all: the training labels' mean or mode doesn't change when they change places."""
    array = read_array(raw)
    return not isinstance(array, Invalid) and bool(np.all(array == array[:1]))
