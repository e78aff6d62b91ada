"""Which statements of a file are its top-level code: all but imports, definitions, texts and a main guard that only
calls something. By syntax tree; knows nothing of programs and models.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

NAME = "top-level"
"""Stands in an address where a definition has its name; no definition can be called so."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_READS = frozenset({"load", "loadtxt", "genfromtxt", "read_csv", "read_text", "read_parquet", "open"})
_WRITES = frozenset(
    {"save", "savez", "savez_compressed", "savetxt", "to_csv", "tofile", "write", "writerow", "writerows", "write_text"}
    | {"write_bytes", "dump"}
)
_TRAINS = frozenset({"fit", "fit_transform", "fit_predict", "backward", "partial_fit"})


def statements(tree: ast.Module) -> list[ast.stmt]:
    """The top-level code of a file, in order."""
    return [node for node in tree.body if is_code(node)]


def is_code(node: ast.stmt) -> bool:
    """Whether a statement of a file's top level belongs to its top-level code."""
    if isinstance(node, (*_DEFINITIONS, *_IMPORTS)) or is_text(node):
        return False
    if isinstance(node, ast.Try | ast.If) and isinstance(node.body[0], _IMPORTS):
        return False
    return not (_is_guard(node) and not works([node]))


def works(nodes: Iterable[ast.AST]) -> bool:
    """Whether it does a program's work: loops, training, reading and writing of data."""
    return any(isinstance(part, _LOOPS) or called(part) & (_READS | _WRITES | _TRAINS) for part in _inside(nodes))


def trains(node: ast.AST, own: Collection[str]) -> bool:
    """Whether a method that trains is called in it, other than one of the program's `own` definitions."""
    methods = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return bool(methods & _TRAINS - set(own))


def writes(nodes: Iterable[ast.AST]) -> bool:
    """Whether it writes what the program is executed for."""
    return any(called(part) & _WRITES for node in nodes for part in ast.walk(node))


def called(node: ast.AST) -> set[str]:
    """The name of the method or of the library's function that a call calls; empty for anything else. A function of
    the program itself is called by its bare name, as `open` is."""
    if not isinstance(node, ast.Call):
        return set()
    if isinstance(node.func, ast.Attribute):
        return {node.func.attr}
    return {"open"} if getattr(node.func, "id", "") == "open" else set()


def numbers(tree: ast.Module, lines: list[str]) -> list[int]:
    """The numbers (from 1) of the lines to show: those of the statements, with the comments right above them, and an
    empty line where something stands between two."""
    shown = list[int]()
    for node in statements(tree):
        first = node.lineno
        while first > 1 and lines[first - 2].startswith("#") and first - 1 not in shown:
            first -= 1
        if shown and first > shown[-1] + 1 and not lines[first - 2].strip():
            shown.append(first - 1)
        shown += [at for at in range(first, (node.end_lineno or first) + 1) if at not in shown]
    return shown


def _inside(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and all below them, but nothing of definitions."""
    for node in nodes:
        if not isinstance(node, _DEFINITIONS):
            yield node
            yield from _inside(ast.iter_child_nodes(node))


def is_text(node: ast.stmt) -> bool:
    """Whether it is a mere text, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(getattr(part, "id", "") == "__name__" for part in ast.walk(node.test))
