"""Finds the constants that determine how long a program trains: literals with a typical name, or loop counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from tools.code.program.program import Program

_TRAINING_NAME = re.compile(
    r"\w*(epoch|n_?estimators|max_?iter|n_?iter|iterations|boost_?rounds?|n_?rounds|num_?rounds)\w*"
    r"|((n|num|max|train|total|training)_)+(steps|updates)|steps|updates|trees|n_trees",
    re.I,
)
_OTHER_MEANING = re.compile(r"warm|patience|every|interval|log|eval|start|from|per_|decay|swa|restart|early", re.I)
_TRAINING_CALLS = frozenset({"backward", "step", "fit", "partial_fit", "update", "minimize"})


class Constant(NamedTuple):
    """An integer literal in the source. `begin` and `end` are byte offsets in its line; `name` is the name that it is
    assigned to."""

    path: str
    name: str
    value: int
    line: int
    begin: int
    end: int


def find_training_constants(program: Program) -> list[Constant]:
    """Constants in order of likelihood: named at the top level, named elsewhere, then counts of training loops."""
    ranked = [
        (rank, constant) for path, tree in program.trees.items() for rank, constant in _rank_constants(path, tree)
    ]
    unique = {constant: rank for rank, constant in sorted(ranked, reverse=True) if _is_literal(program, constant)}
    return sorted(unique, key=lambda constant: (unique[constant], constant.path, constant.line, constant.begin))


def replace_constant(program: Program, constant: Constant, value: int) -> Program:
    """The program with another value for the constant and no other change."""
    lines = program.files[constant.path].split("\n")
    raw = lines[constant.line - 1].encode()
    lines[constant.line - 1] = (raw[: constant.begin] + str(value).encode() + raw[constant.end :]).decode()
    return program.with_files({constant.path: "\n".join(lines)})


def _is_literal(program: Program, constant: Constant) -> bool:
    """Whether the line contains the literal: a file may have line ends that Python counts differently."""
    lines = program.files[constant.path].split("\n")
    raw = lines[constant.line - 1].encode()[constant.begin : constant.end] if constant.line <= len(lines) else b""
    return raw.replace(b"_", b"") == str(constant.value).encode()


def _rank_constants(path: str, tree: ast.Module) -> Iterator[tuple[int, Constant]]:
    top_level = set(map(id, tree.body))
    for node in ast.walk(tree):
        for name, value in _named_values(node):
            if _TRAINING_NAME.fullmatch(name) and not _OTHER_MEANING.search(name):
                yield from (
                    (0 if id(node) in top_level else 1, constant) for constant in _as_constant(path, name, value)
                )
        if isinstance(node, ast.For) and _is_range(node.iter) and _trains(node):
            yield from ((2, constant) for constant in _as_constant(path, "range", node.iter.args[-1]))  # type: ignore[attr-defined]


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Pairs of name and value: assignments, keyword arguments, parameter defaults, command-line options, keys."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.Call(func=ast.Attribute(attr="add_argument"), args=[ast.Constant(value=str(option)), *_]):
            name = option.lstrip("-").replace("-", "_")
            yield from ((name, argument.value) for argument in node.keywords if argument.arg == "default")
        case ast.Call():
            yield from ((argument.arg, argument.value) for argument in node.keywords if argument.arg)
        case ast.arguments():
            positional = [*node.posonlyargs, *node.args]
            yield from (
                (argument.arg, value)
                for argument, value in zip(reversed(positional), reversed(node.defaults), strict=False)
            )
            yield from (
                (argument.arg, value) for argument, value in zip(node.kwonlyargs, node.kw_defaults, strict=True)
            )
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value


def _as_constant(path: str, name: str, value: ast.expr | None) -> Iterator[Constant]:
    if isinstance(value, ast.Constant) and type(value.value) is int and value.value > 0:
        yield Constant(path, name, value.value, value.lineno, value.col_offset, value.end_col_offset or 0)


def _is_range(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"range", "trange"}:
        return 1 <= len(node.args) <= 2
    return False


def _trains(loop: ast.For) -> bool:
    calls = (node.func for node in ast.walk(loop) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr in _TRAINING_CALLS for func in calls)
