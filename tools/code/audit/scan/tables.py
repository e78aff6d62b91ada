"""Finds tables of numbers in a program and recognises honest ones: numberings and banks of convolution kernels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tools.code.audit.scan.source import Source

Display = ast.List | ast.Tuple | ast.Set | ast.Dict
KERNEL_SIDES, MAX_KERNEL_NUMBERS = frozenset({2, 3, 4, 5, 7, 9, 11}), 600


class Table(NamedTuple):
    """An outermost display (list, tuple, set or dictionary) and its numbers in order."""

    node: Display
    numbers: Sequence[float]


def find_tables(source: Source) -> list[Table]:
    """The displays that are not inside another display."""
    found_tables: list[Table] = []
    pending: list[ast.AST] = [source.tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Display):
            found_tables.append(Table(node, [*_iterate_numbers(node)]))
        else:
            pending += ast.iter_child_nodes(node)
    return found_tables


def is_plain(table: Table) -> bool:
    """Whether a table can't hold answers: it is an arithmetic sequence or a bank of kernels."""
    return _is_arithmetic_sequence(table.numbers) or _is_kernel_bank(table)


def is_prose(text: str) -> bool:
    """Whether a text consists of words as people write them, in sentences or in a list of names."""
    if len(re.findall(r"[A-Za-z]{2,} +[a-z]{2,}", text)) > len(text) / 60:
        return True
    words = re.findall(r"(?<![^\s,;|/_-])[A-Za-z][a-z]{2,15}(?=[\s,;|/_-]|$)", text)
    return sum(map(len, words)) > 0.7 * len(text) and len(set(words)) > 0.5 * len(words)


def _iterate_numbers(node: ast.AST) -> Iterator[float]:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, (int, float)):
            yield float(node.value)
        return
    for child in ast.iter_child_nodes(node):
        for number in _iterate_numbers(child):
            yield -number if negative else number


def _is_arithmetic_sequence(numbers: Sequence[float]) -> bool:
    steps = {round(after - before, 9) for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps != {0.0}


def _is_kernel_bank(table: Table) -> bool:
    """Whether a table consists of square blocks of one of the KERNEL_SIDES, each symmetric or antisymmetric."""
    if not 0 < len(table.numbers) <= MAX_KERNEL_NUMBERS:
        return False
    try:
        array = np.array(ast.literal_eval(_without_keys(table.node)), dtype=float)
    except (ValueError, TypeError, SyntaxError):
        return False
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.shape[-1] not in KERNEL_SIDES:
        return False
    return all(_is_symmetric(block) for block in array.reshape(-1, *array.shape[-2:]))


def _is_symmetric(block: np.ndarray) -> bool:
    sides = (block[::-1], block[:, ::-1], block.T, block[::-1, ::-1], block[::-1, ::-1].T)
    return any(np.allclose(block, sign * side) for side in sides for sign in (1, -1))


def _without_keys(node: Display) -> ast.expr:
    """The values of a dictionary as a list, else the display itself."""
    return ast.List(node.values, ast.Load()) if isinstance(node, ast.Dict) else node
