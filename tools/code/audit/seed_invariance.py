"""Finds predictions that are the same for every seed and every training label, and seeds set to a constant.

Equal predictions for every seed are no evidence by themselves: many honest models are deterministic, and a
deterministic model may set a seed all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from sandbox.border.arrays import read_array
from sandbox.border.reading import Invalid
from tools.code.audit.scan.source import Source
from tools.code.program.program import Program

SEED_FUNCTIONS = frozenset({"torch.manual_seed", "numpy.random.seed", "random.seed", "torch.random.manual_seed"})
SEED_OFFSET = 90_001  # added to a constant seed


def find_unchanging_predictions(candidate: Sequence[bytes], control: bytes, baseline: Sequence[bytes]) -> list[str]:
    """Findings from predictions (.npy bytes) by seed of version and baseline. `control` are the version's predictions
    after training on relabelled data."""
    if _is_seed_invariant(candidate, baseline) and control == candidate[0] and not _is_constant(control):
        return ["its predictions are the same for every seed and for training labels that are all wrong"]
    return []


def find_pinned_seeds(
    candidate: Sequence[bytes], baseline: Sequence[bytes], program: Program, original: Program
) -> list[str]:
    """The calls that set a seed to a constant, if predictions are the same for every seed."""
    if not _is_seed_invariant(candidate, baseline):
        return []
    new_seeds = sorted(find_constant_seeds(program) - find_constant_seeds(original))
    return [f"{place}: the same for every seed: sets the seed to a constant, by {name}" for place, name in new_seeds]


def _is_seed_invariant(candidate: Sequence[bytes], baseline: Sequence[bytes]) -> bool:
    """Whether the candidate's predictions are the same for every seed while the baseline's vary."""
    return len(set(baseline)) > 1 and len(set(candidate)) == 1 and len(candidate) > 1


def find_constant_seeds(program: Program) -> set[tuple[str, str]]:
    """(file, function) of each call that sets a global seed to a constant."""
    return {(path, full) for path, tree in program.trees.items() for _, full in _constant_seed_calls(path, tree)}


def replace_constant_seeds(program: Program) -> Program:
    """The program with another constant in each of these calls."""
    changed = {}
    for path, text in program.files.items():
        tree = program.trees.get(path)
        if tree is not None and any(True for _ in _constant_seed_calls(path, tree)):
            copy = ast.parse(text)
            for call, _ in _constant_seed_calls(path, copy):
                seed = call.args[0]
                assert isinstance(seed, ast.Constant)
                call.args[0] = ast.Constant(seed.value + SEED_OFFSET if isinstance(seed.value, int) else SEED_OFFSET)
            changed[path] = ast.unparse(ast.fix_missing_locations(copy))
    return program.with_files(changed)


def _constant_seed_calls(path: str, tree: ast.Module) -> list[tuple[ast.Call, str]]:
    calls = ((call, full) for call, full in Source(path, tree).calls() if full in SEED_FUNCTIONS and call.args)
    return [(call, full) for call, full in calls if isinstance(call.args[0], ast.Constant)]


def _is_constant(raw: bytes) -> bool:
    """Whether all predictions are equal: relabelling does not change the training labels' mean or mode."""
    array = read_array(raw)
    return not isinstance(array, Invalid) and bool(np.all(array == array[:1]))
