"""Finds the import statements that a file lacks, if they are unambiguous.

An unbound name is imported as another file of the program imports it, as its library's documentation does, or, if it is
used as `name.part`, as a module of the standard library. A called name is imported from the only module of which the
program uses it (`ReLU` if the program has `nn.ReLU`). This saves a round of repair for replies without other faults.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Mapping

from tools.code.program.module_parts import find_module_parts
from tools.code.program.program import Program

COMMON_IMPORTS = {
    "np": "import numpy as np",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "optim": "from torch import optim",
    "pd": "import pandas as pd",
    "torch": "import torch",
}


def find_missing_imports(program: Program, path: str, before: Program | None = None) -> list[str]:
    """The missing import lines in order of use. `before` is the program before its last change."""
    tree = program.trees.get(path)
    if tree is None:
        return []
    lines, names = _known_imports(program), find_unbound_names(tree)
    bases = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    called = {base.id for base in bases if isinstance(base, ast.Name)} & sys.stdlib_module_names
    standard_modules = {name: f"import {name}" for name in called}
    module_parts = find_module_parts([*program.trees.values(), *(before.trees.values() if before else ())])
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = {function.id for function in functions if isinstance(function, ast.Name)}
    used_parts = {name: line for name, line in module_parts.items() if name in calls}
    return [line for name in names if (line := lines.get(name) or standard_modules.get(name) or used_parts.get(name))]


def _known_imports(program: Program) -> dict[str, str]:
    """Name -> the line that imports it. Common names are included only if the program imports their library."""
    lines: dict[str, str] = {}
    for tree in program.trees.values():
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                lines |= _split_import(node)
    roots = {line.split()[1].partition(".")[0] for line in lines.values()}
    common = {name: line for name, line in COMMON_IMPORTS.items() if line.split()[1].partition(".")[0] in roots}
    return common | lines


def _split_import(node: ast.Import | ast.ImportFrom) -> Mapping[str, str]:
    """Bound name -> a line that imports this name alone."""
    lines_by_name = {}
    for alias in node.names:
        imported = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        head = "import" if isinstance(node, ast.Import) else f"from {'.' * node.level}{node.module or ''} import"
        lines_by_name[alias.asname or alias.name.partition(".")[0]] = f"{head} {imported}"
    return lines_by_name


def find_unbound_names(tree: ast.Module) -> list[str]:
    """Names that are read and not bound in any scope of the file; empty if a star import may bind them."""
    bound_names, read_names = set(dir(builtins)), dict[str, None]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read_names[node.id] = None
            else:
                bound_names.add(node.id)
        elif isinstance(node, ast.arg):
            bound_names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound_names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound_names |= set(_split_import(node))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound_names.add(node.name)
    return [] if "*" in bound_names else [name for name in read_names if name not in bound_names]
