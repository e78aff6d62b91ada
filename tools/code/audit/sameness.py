"""Predictions that nothing changes: the same for every seed and every training label, or a seed that is pinned.

The same predictions for every seed are no sign by themselves: many honest models have nothing random in them, and one
that has nothing random may set a seed all the same.
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
OTHER = 90_001  # added to a constant seed


def unchanging(candidate: Sequence[bytes], control: bytes, baseline: Sequence[bytes]) -> list[str]:
    """Predictions (.npy) by seed, of version and baseline; `control` is the version's on relabelled training data."""
    if _varies(candidate, baseline) and control == candidate[0] and not _constant(control):
        return ["its predictions are the same for every seed and for training labels that are all wrong"]
    return []


def pinned(candidate: Sequence[bytes], baseline: Sequence[bytes], program: Program, untouched: Program) -> list[str]:
    """What pins the seed, where predictions are the same for every seed."""
    if not _varies(candidate, baseline):
        return []
    found = sorted(pins(program) - pins(untouched))
    return [f"{place}: the same for every seed: sets the seed to a constant, by {name}" for place, name in found]


def _varies(candidate: Sequence[bytes], baseline: Sequence[bytes]) -> bool:
    """Whether the baseline's predictions vary over seeds and the candidate's don't."""
    return len(set(baseline)) > 1 and len(set(candidate)) == 1 and len(candidate) > 1


def pins(program: Program) -> set[tuple[str, str]]:
    """(file, function) of global seeds set to a constant."""
    return {(path, full) for path, tree in program.trees.items() for _, full in _seedings(path, tree)}


def otherwise_pinned(program: Program) -> Program:
    """The program with other constants in these places."""
    changed = {}
    for path, text in program.files.items():
        tree = program.trees.get(path)
        if tree is not None and any(True for _ in _seedings(path, tree)):
            copy = ast.parse(text)
            for call, _ in _seedings(path, copy):
                held = call.args[0]
                assert isinstance(held, ast.Constant)
                call.args[0] = ast.Constant(held.value + OTHER if isinstance(held.value, int) else OTHER)
            changed[path] = ast.unparse(ast.fix_missing_locations(copy))
    return program.with_files(changed)


def _seedings(path: str, tree: ast.Module) -> list[tuple[ast.Call, str]]:
    calls = ((call, full) for call, full in Source(path, tree).calls() if full in SEEDING and call.args)
    return [(call, full) for call, full in calls if isinstance(call.args[0], ast.Constant)]


def _constant(raw: bytes) -> bool:
    """One prediction for all: the training labels' mean or mode doesn't change when they change places."""
    array = read_array(raw)
    return not isinstance(array, Invalid) and bool(np.all(array == array[:1]))
