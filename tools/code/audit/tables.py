"""Tables of numbers in a program, and those that hold no answers: numberings, banks of convolution kernels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tools.code.audit.source import Source

Display = ast.List | ast.Tuple | ast.Set | ast.Dict
KERNEL_SIDES, MOST_OF_KERNELS = frozenset({2, 3, 4, 5, 7, 9, 11}), 600


class Table(NamedTuple):
    """The outermost display, and its numbers in order."""

    node: Display
    numbers: Sequence[float]


def tables(source: Source) -> list[Table]:
    """Displays that no other display holds."""
    found: list[Table] = []
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Display):
            found.append(Table(node, [*_numbers(node)]))
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def is_plain(table: Table) -> bool:
    """Whether it can hold no answers: it counts on by the same step, or it is a bank of kernels."""
    return _counts(table.numbers) or _kernels(table)


def prose(text: str) -> bool:
    """Words as people write them, in sentences or in a list of names."""
    if len(re.findall(r"[A-Za-z]{2,} +[a-z]{2,}", text)) > len(text) / 60:
        return True
    words = re.findall(r"(?<![^\s,;|/_-])[A-Za-z][a-z]{2,15}(?=[\s,;|/_-]|$)", text)
    return sum(map(len, words)) > 0.7 * len(text) and len(set(words)) > 0.5 * len(words)


def _numbers(node: ast.AST) -> Iterator[float]:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, (int, float)):
            yield float(node.value)
        return
    for child in ast.iter_child_nodes(node):
        for number in _numbers(child):
            yield -number if negative else number


def _counts(numbers: Sequence[float]) -> bool:
    steps = {round(after - before, 9) for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps != {0.0}


def _kernels(table: Table) -> bool:
    """Square blocks of one odd or small size, each of which looks the same, or the opposite, from another side."""
    if not 0 < len(table.numbers) <= MOST_OF_KERNELS:
        return False
    try:
        array = np.array(ast.literal_eval(_stripped(table.node)), dtype=float)
    except (ValueError, TypeError, SyntaxError):
        return False
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.shape[-1] not in KERNEL_SIDES:
        return False
    return all(_symmetric(block) for block in array.reshape(-1, *array.shape[-2:]))


def _symmetric(block: np.ndarray) -> bool:
    sides = (block[::-1], block[:, ::-1], block.T, block[::-1, ::-1], block[::-1, ::-1].T)
    return any(np.allclose(block, sign * side) for side in sides for sign in (1, -1))


def _stripped(node: Display) -> ast.expr:
    """The values of a dictionary of kernels, else the display itself."""
    return ast.List(node.values, ast.Load()) if isinstance(node, ast.Dict) else node
