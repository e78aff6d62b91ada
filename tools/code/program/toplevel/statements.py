"""Selects a file's top-level code: all statements except imports, definitions, texts and a main guard that only calls.

Works on the syntax tree; knows nothing about programs and models.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

TOP_LEVEL = "top-level"
"""The name in the address of top-level code; no definition can have it."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_READS = frozenset({"load", "loadtxt", "genfromtxt", "read_csv", "read_text", "read_parquet", "open"})
_WRITES = frozenset(
    {"save", "savez", "savez_compressed", "savetxt", "to_csv", "tofile", "write", "writerow", "writerows", "write_text"}
    | {"write_bytes", "dump"}
)
_TRAINS = frozenset({"fit", "fit_transform", "fit_predict", "backward", "partial_fit"})


def top_level_statements(tree: ast.Module) -> list[ast.stmt]:
    """The top-level code of a file, in order."""
    return [node for node in tree.body if is_top_level_code(node)]


def is_top_level_code(node: ast.stmt) -> bool:
    """Whether a statement of a file's top level belongs to its top-level code."""
    if isinstance(node, (*_DEFINITIONS, *_IMPORTS)) or is_text(node):
        return False
    if isinstance(node, ast.Try | ast.If) and isinstance(node.body[0], _IMPORTS):
        return False
    return not (_is_guard(node) and not does_work([node]))


def does_work(nodes: Iterable[ast.AST]) -> bool:
    """Whether code does a program's work: loops, training, reading or writing of data."""
    return any(
        isinstance(part, _LOOPS) or called_name(part) & (_READS | _WRITES | _TRAINS)
        for part in _walk_outside_definitions(nodes)
    )


def calls_training(node: ast.AST, own: Collection[str]) -> bool:
    """Whether code calls a method that trains, other than one of the program's `own` definitions."""
    methods = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return bool(methods & _TRAINS - set(own))


def writes_output(nodes: Iterable[ast.AST]) -> bool:
    """Whether code calls a function that writes output."""
    return any(called_name(part) & _WRITES for node in nodes for part in ast.walk(node))


def called_name(node: ast.AST) -> set[str]:
    """The attribute name that a call calls, as a set of one, or {"open"}; empty for anything else. The program's own
    functions are called by a bare name and are not included."""
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Attribute):
        return {node.func.attr}
    return {"open"} if getattr(node.func, "id", "") == "open" else set()


def shown_line_numbers(tree: ast.Module, lines: list[str]) -> list[int]:
    """The line numbers (from 1) to show: those of the statements and of the comments directly above them, and an empty
    line if something is between two statements."""
    shown = list[int]()
    for node in top_level_statements(tree):
        first = node.lineno
        while first > 1 and lines[first - 2].startswith("#") and first - 1 not in shown:
            first -= 1
        if shown and first > shown[-1] + 1 and not lines[first - 2].strip():
            shown.append(first - 1)
        shown += [at for at in range(first, (node.end_lineno or first) + 1) if at not in shown]
    return shown


def _walk_outside_definitions(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and all their descendants, except definitions."""
    for node in nodes:
        if not isinstance(node, _DEFINITIONS):
            yield node
            yield from _walk_outside_definitions(ast.iter_child_nodes(node))


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is only a text, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(getattr(part, "id", "") == "__name__" for part in ast.walk(node.test))
