"""Parses fragments of Python: a hunk's side begins and ends anywhere. What doesn't parse is left out.

A fragment that begins inside a block is wrapped in blocks; leading and trailing lines of incomplete statements are
dropped.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

MAX_DROPPED = 12


def parse_fragment(lines: Sequence[str]) -> list[ast.stmt]:
    """Return the statements of the largest part that parses; line numbers are those of `lines`, from 1. Returns none if
    too much would have to be dropped, or if it is no Python."""
    for dropped in range(min(len(lines), 2 * MAX_DROPPED)):
        for first in range(min(dropped, MAX_DROPPED) + 1):
            last = len(lines) - (dropped - first)
            if first < last and dropped - first <= MAX_DROPPED:
                statements = _try_parse(lines[first:last], first)
                if statements is not None:
                    return statements
    return []


def _try_parse(lines: Sequence[str], skipped: int) -> list[ast.stmt] | None:
    """Parse the lines, None if they don't parse. `skipped` lines precede them."""
    wrappers = _blocks(lines)
    lines_to_parse = [*wrappers, *lines, *_closing_body(lines)]
    try:
        tree = ast.parse("\n".join(lines_to_parse))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    ast.increment_lineno(tree, skipped - len(wrappers))
    return [node for node in _unwrap(tree.body) if node.lineno > skipped and node.lineno <= skipped + len(lines)]


def _blocks(lines: Sequence[str]) -> list[str]:
    """Return block heads for each indentation that the fragment dedents to."""
    indents, least = [], None
    for line in lines:
        if line.strip():
            indent = len(line) - len(line.lstrip())
            if least is None or indent < least:
                indents.append(indent)
                least = indent
    steps = sorted(indents)
    return [f"{' ' * outer}if True:" for outer in ([0, *steps] if steps and steps[0] > 0 else steps)[:-1]]


def _closing_body(lines: Sequence[str]) -> list[str]:
    """Return a body for a block head that ends the fragment."""
    last = next((line for line in reversed(lines) if line.strip()), "")
    indent = len(last) - len(last.lstrip())
    return [f"{' ' * (indent + 4)}pass"] if last.rstrip().endswith(":") else []


def _unwrap(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements without the blocks that wrap them."""
    statements: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Constant) and node.test.value is True:
            statements += [*_unwrap(node.body), *_unwrap(node.orelse)]
        else:
            statements.append(node)
    return statements
