"""Adds the imports that a model forgot, where there is no doubt which is meant. Guesses nothing else.

A name that a file uses and nowhere binds is imported as another file of the program imports it, as its library's own
documentation does, or, where it is used as `name.part`, as the module of the standard library that it is. A name that
is called is imported from the one module of which the program uses it (`ReLU` where `nn.ReLU` stands). A reply that
needs nothing more would cost a round of repair.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Mapping

from tools.code.module_parts import module_parts
from tools.code.program import Program

USUAL = {
    "np": "import numpy as np",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "optim": "from torch import optim",
    "pd": "import pandas as pd",
    "torch": "import torch",
}


def needed(program: Program, path: str, before: Program | None = None) -> list[str]:
    """The import lines that the file lacks, in order of use; `before` is the program before its last change."""
    tree = program.trees.get(path)
    if tree is None:
        return []
    lines, names = _imports(program), unbound(tree)
    bases = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    called = {base.id for base in bases if isinstance(base, ast.Name)} & sys.stdlib_module_names
    standard = {name: f"import {name}" for name in called}
    parts = module_parts([*program.trees.values(), *(before.trees.values() if before else ())])
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = {function.id for function in functions if isinstance(function, ast.Name)}
    used = {name: line for name, line in parts.items() if name in calls}
    return [line for name in names if (line := lines.get(name) or standard.get(name) or used.get(name))]


def _imports(program: Program) -> dict[str, str]:
    """Name -> the line that imports it. Usual names count only where the program imports their library anyway."""
    lines: dict[str, str] = {}
    for tree in program.trees.values():
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                lines |= _each(node)
    roots = {line.split()[1].partition(".")[0] for line in lines.values()}
    usual = {name: line for name, line in USUAL.items() if line.split()[1].partition(".")[0] in roots}
    return usual | lines


def _each(node: ast.Import | ast.ImportFrom) -> Mapping[str, str]:
    """One line per name that the statement binds."""
    found = {}
    for one in node.names:
        named = f"{one.name} as {one.asname}" if one.asname else one.name
        head = "import" if isinstance(node, ast.Import) else f"from {'.' * node.level}{node.module or ''} import"
        found[one.asname or one.name.partition(".")[0]] = f"{head} {named}"
    return found


def unbound(tree: ast.Module) -> list[str]:
    """Names that are read and bound nowhere in the file, in whatever scope; none where a star import may bind them."""
    bound, read = set(dir(builtins)), dict[str, None]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read[node.id] = None
            else:
                bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= set(_each(node))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
    return [] if "*" in bound else [name for name in read if name not in bound]
