"""Determines from the source whether a program reads the seed on its command line; in doubt, it does."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

_READS_ALL = frozenset({"argv", "vars", "__dict__", "_get_kwargs", "asdict", "locals", "exec", "eval", "import_module"})


def find_ignored_seed(arguments: Sequence[str], sources: Iterable[str]) -> str:
    """The seed option in `arguments` if no source reads it; '' if one does or if it is uncertain."""
    option = _seed_option(arguments)
    name = option.lstrip("-").replace("-", "_")
    if not name:
        return ""
    return "" if any(_reads_name(tree, name) for tree in map(ast.parse, sources)) else option


def _seed_option(words: Sequence[str]) -> str:
    """`--seed` of `--seed {seed}` or `--seed={seed}`."""
    for before, word in zip(["", *words], words, strict=False):
        option = before if word == "{seed}" else word.partition("={seed}")[0] if "={seed}" in word else ""
        if option.startswith("--"):
            return option
    return ""


def _reads_name(tree: ast.Module, name: str) -> bool:
    """Whether the name is read, as `args.seed`, `seed` or `config["seed"]`, or all arguments are read at once. A call
    of a function of that name, as in `np.random.seed(0)`, does not count."""
    called_ids = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    declaration_ids = {id(part) for node in ast.walk(tree) if _declares(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in declaration_ids:
            continue
        read_name = _read_name(node)
        if read_name in _READS_ALL or (read_name == name and id(node) not in called_ids):
            return True
    return False


def _declares(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"


def _read_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
