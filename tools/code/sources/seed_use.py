"""Whether a program reads the seed that its command line hands it: told from the source, in doubt yes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

_WHOLESALE = frozenset({"argv", "vars", "__dict__", "_get_kwargs", "asdict", "locals", "exec", "eval", "import_module"})


def ignores_seed(arguments: Sequence[str], sources: Iterable[str]) -> str:
    """The option of a program's `arguments` that no source reads, '' where one does or it can't be told."""
    option = _option(arguments)
    name = option.lstrip("-").replace("-", "_")
    if not name:
        return ""
    return "" if any(_reads(tree, name) for tree in map(ast.parse, sources)) else option


def _option(words: Sequence[str]) -> str:
    """`--seed` of `--seed {seed}` or `--seed={seed}`."""
    for before, word in zip(["", *words], words, strict=False):
        option = before if word == "{seed}" else word.partition("={seed}")[0] if "={seed}" in word else ""
        if option.startswith("--"):
            return option
    return ""


def _reads(tree: ast.Module, name: str) -> bool:
    """Whether the name is read, as `args.seed`, `seed` or `config["seed"]`, or all arguments are taken at once.
    A function of that name that is called, as in `np.random.seed(0)`, is another thing."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    declared = {id(part) for node in ast.walk(tree) if _declares(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in declared:
            continue
        said = _said(node)
        if said in _WHOLESALE or (said == name and id(node) not in called):
            return True
    return False


def _declares(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
