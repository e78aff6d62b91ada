"""Finds the module attributes that a program uses by qualified name, with the line that imports each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence


def find_module_parts(trees: Sequence[ast.Module]) -> dict[str, str]:
    """Name -> import line, such as `ReLU` -> `from torch.nn import ReLU` if the program has `nn.ReLU`. Names that are
    used of two modules are left out."""
    modules_by_name: dict[str, set[str]] = {}
    for tree in trees:
        modules = dict(_imported_modules(tree))
        for node in ast.walk(tree):
            module = _resolve_module(node.value, modules) if isinstance(node, ast.Attribute) else ""
            if isinstance(node, ast.Attribute) and module:
                modules_by_name.setdefault(node.attr, set()).add(module)
    return {name: f"from {min(owners)} import {name}" for name, owners in modules_by_name.items() if len(owners) == 1}


def _imported_modules(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name and module of each import at the top level of a file. A name imported from a package counts as a module if
    it is in lower case."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.partition(".")[0], _bound_module(alias)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (
                (alias.asname or alias.name, f"{node.module}.{alias.name}")
                for alias in node.names
                if alias.name.islower()
            )


def _bound_module(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _resolve_module(node: ast.expr, modules: dict[str, str]) -> str:
    """The module that an expression names; "" if it names none."""
    if isinstance(node, ast.Name):
        return modules.get(node.id, "")
    if isinstance(node, ast.Attribute) and node.attr.islower():
        outer = _resolve_module(node.value, modules)
        return f"{outer}.{node.attr}" if outer else ""
    return ""
