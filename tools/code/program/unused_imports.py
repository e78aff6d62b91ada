"""Removes the imports of a reply that the program does not use.

Small models write habitual imports, and an import of a package that is not installed ends a program that would run.
Imports that repeat a binding of the file (`import torch.nn as nn` beside `from torch import nn`) are removed as well:
with them an unchanged program would count as changed. Search/replace edits are not filtered.
"""

from __future__ import annotations

import ast

import libcst as cst
import libcst.helpers

Binding = tuple[str, str]


def remove_unused_imports(text: str, old: str) -> str:
    """`text` without imported names that it never reads or that `old` binds to the same object, except in lines that
    `old` has as well.

    Both texts must parse. Star imports and `__future__` stay.
    """
    used_names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    module, before = cst.parse_module(text), cst.parse_module(old)
    old_lines, old_bindings = _top_level_lines(before), _bindings(before)
    body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement] = []
    for line in module.body:
        if isinstance(line, cst.SimpleStatementLine) and _render_line(line) not in old_lines:
            parts = [part for each in line.body if (part := _keep_used(each, used_names, old_bindings)) is not None]
            body += [line.with_changes(body=[*parts[:-1], _without_semicolon(parts[-1])])] if parts else []
        else:
            body.append(line)
    return module.with_changes(body=body).code


def _top_level_lines(module: cst.Module) -> set[str]:
    return {_render_line(line) for line in module.body if isinstance(line, cst.SimpleStatementLine)}


def _render_line(line: cst.SimpleStatementLine) -> str:
    return cst.Module([line.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())]).code.strip()


def _keep_used(
    part: cst.BaseSmallStatement, used_names: set[str], old_bindings: set[Binding]
) -> cst.BaseSmallStatement | None:
    if not isinstance(part, cst.Import | cst.ImportFrom) or isinstance(part.names, cst.ImportStar):
        return part
    if isinstance(part, cst.ImportFrom) and isinstance(part.module, cst.Name) and part.module.value == "__future__":
        return part
    names = [
        name for name in part.names if _bound_name(name) in used_names and _binding(part, name) not in old_bindings
    ]
    if not names:
        return None
    return part.with_changes(names=[*names[:-1], names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])


def _bindings(module: cst.Module) -> set[Binding]:
    """The bindings made by the top-level imports of a file."""
    bindings = set[Binding]()
    for line in module.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.Import | cst.ImportFrom) and not isinstance(part.names, cst.ImportStar):
                bindings |= {_binding(part, name) for name in part.names}
    return bindings


def _binding(part: cst.Import | cst.ImportFrom, name: cst.ImportAlias) -> Binding:
    """The bound name and the full name of the object."""
    if isinstance(part, cst.Import):
        return _bound_name(name), name.evaluated_name
    module = libcst.helpers.get_full_name_for_node(part.module) if part.module is not None else ""
    return _bound_name(name), f"{'.' * len(part.relative)}{module}.{name.evaluated_name}"


def _without_semicolon(part: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
    return part.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)


def _bound_name(name: cst.ImportAlias) -> str:
    return name.evaluated_alias or name.evaluated_name.partition(".")[0]
