"""Evaluates the code that a generative verifier writes: integer arithmetic and nothing else."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

OPERATIONS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
}
LONGEST = 20  # characters


def evaluate(code: str) -> int | None:
    """Return the value of sums, differences, products and remainders of integers; None for anything else."""
    if len(code) > LONGEST:
        return None
    try:
        return _evaluate(ast.parse(code, mode="eval").body)
    except (SyntaxError, ZeroDivisionError, _NoArithmetic):
        return None


class _NoArithmetic(Exception):
    pass


def _evaluate(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](_evaluate(left), _evaluate(right))
        case _:
            raise _NoArithmetic
