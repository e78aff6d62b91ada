"""Leaves out the imports of a reply that nothing uses: a small model writes the imports of its habit first, and one of
a package that isn't installed ends a program that would have run. So are those that bind again what the file imports
(`import torch.nn as nn` beside `from torch import nn`): with them an unchanged program would seem to be a change.
What a strong model writes by blocks stays as it is.
"""

from __future__ import annotations

import ast

import libcst as cst
import libcst.helpers

Binding = tuple[str, str]


def without_unused(text: str, old: str) -> str:
    """`text` without those names of its top-level imports that it never reads or that `old` binds to the same, where
    `old` hasn't the same line.

    Both parse. Star imports and `__future__` stay.
    """
    read = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    module, before = cst.parse_module(text), cst.parse_module(old)
    kept, bound = _imports(before), _bindings(before)
    body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement] = []
    for line in module.body:
        if isinstance(line, cst.SimpleStatementLine) and _code(line) not in kept:
            parts = [part for each in line.body if (part := _used(each, read, bound)) is not None]
            body += [line.with_changes(body=[*parts[:-1], _last(parts[-1])])] if parts else []
        else:
            body.append(line)
    return module.with_changes(body=body).code


def _imports(module: cst.Module) -> set[str]:
    return {_code(line) for line in module.body if isinstance(line, cst.SimpleStatementLine)}


def _code(line: cst.SimpleStatementLine) -> str:
    return cst.Module([line.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())]).code.strip()


def _used(part: cst.BaseSmallStatement, read: set[str], bound: set[Binding]) -> cst.BaseSmallStatement | None:
    if not isinstance(part, cst.Import | cst.ImportFrom) or isinstance(part.names, cst.ImportStar):
        return part
    if isinstance(part, cst.ImportFrom) and isinstance(part.module, cst.Name) and part.module.value == "__future__":
        return part
    names = [name for name in part.names if _bound(name) in read and _binding(part, name) not in bound]
    if not names:
        return None
    return part.with_changes(names=[*names[:-1], names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])


def _bindings(module: cst.Module) -> set[Binding]:
    """What the top-level imports of a file bind."""
    found = set[Binding]()
    for line in module.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.Import | cst.ImportFrom) and not isinstance(part.names, cst.ImportStar):
                found |= {_binding(part, name) for name in part.names}
    return found


def _binding(part: cst.Import | cst.ImportFrom, name: cst.ImportAlias) -> Binding:
    """The name and the full name of what it is bound to."""
    if isinstance(part, cst.Import):
        return _bound(name), name.evaluated_name
    module = libcst.helpers.get_full_name_for_node(part.module) if part.module is not None else ""
    return _bound(name), f"{'.' * len(part.relative)}{module}.{name.evaluated_name}"


def _last(part: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
    return part.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)


def _bound(name: cst.ImportAlias) -> str:
    return name.evaluated_alias or name.evaluated_name.partition(".")[0]
