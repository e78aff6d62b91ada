"""Which parts of modules a program uses by their full name, and the line that imports each of them alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence


def module_parts(trees: Sequence[ast.Module]) -> dict[str, str]:
    """Name -> import line, as `ReLU` -> `from torch.nn import ReLU` where `nn.ReLU` stands. Names that are used of two
    modules are left out."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        modules = dict(_modules(tree))
        for node in ast.walk(tree):
            module = _module(node.value, modules) if isinstance(node, ast.Attribute) else ""
            if isinstance(node, ast.Attribute) and module:
                found.setdefault(node.attr, set()).add(module)
    return {name: f"from {min(homes)} import {name}" for name, homes in found.items() if len(homes) == 1}


def _modules(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name and module of each import at the top of a file. What is imported from a package counts as a module where its
    name is written as modules are."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((one.asname or one.name.partition(".")[0], _whole(one)) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (
                (one.asname or one.name, f"{node.module}.{one.name}") for one in node.names if one.name.islower()
            )


def _whole(one: ast.alias) -> str:
    return one.name if one.asname else one.name.partition(".")[0]


def _module(node: ast.expr, modules: dict[str, str]) -> str:
    """The module that an expression names; "" where it is something else."""
    if isinstance(node, ast.Name):
        return modules.get(node.id, "")
    if isinstance(node, ast.Attribute) and node.attr.islower():
        outer = _module(node.value, modules)
        return f"{outer}.{node.attr}" if outer else ""
    return ""
