"""Reads the type of a parameter from its annotation's syntax: `str`, `list[str]`, `Literal[...]`, `X | None`,
`Annotated[X, "word"]`. Nothing is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from tools.analysis.packs.spec import WORDS

_SIMPLE = {"str": "string", "float": "number", "int": "integer", "bool": "boolean"}


def read_annotation(node: ast.expr | None) -> tuple[Mapping[str, Any], str]:
    """Return the JSON schema and the word that says what the argument names. Raises ValueError."""
    if node is None:
        raise ValueError("has no type")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return read_annotation(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.Subscript) and _name_of(node.value) == "Annotated":
        return _read_annotated(node)
    return _read_type(node), ""


def _read_annotated(node: ast.Subscript) -> tuple[Mapping[str, Any], str]:
    inner, *marks = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    words = [mark.value for mark in marks if isinstance(mark, ast.Constant) and mark.value in WORDS]
    if len(words) != 1:
        raise ValueError(f"Annotated must say what it names: one of {', '.join(WORDS)}")
    return _read_type(inner), str(words[0])


def _read_type(node: ast.expr) -> dict[str, Any]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        members = [_read_type(side) for side in (node.left, node.right) if not _is_none(side)]
        if len(members) == 1:
            return {"anyOf": [members[0], {"type": "null"}]}
    if isinstance(node, ast.Name) and node.id in _SIMPLE:
        return {"type": _SIMPLE[node.id]}
    if isinstance(node, ast.Subscript) and _name_of(node.value) == "Literal":
        values = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return {"enum": [ast.literal_eval(value) for value in values]}
    if isinstance(node, ast.Subscript) and _name_of(node.value) in ("list", "Sequence"):
        return {"type": "array", "items": _read_type(node.slice)}
    raise ValueError(f"has the type {ast.unparse(node)}; wanted str, float, int, bool, list[str], Literal or Annotated")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
