"""Finds the names that a statement defines and uses. `self.x` counts as the name `x`.

A name that stands for parts of another (a loop variable) is traced back to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

Aliases = Mapping[str, frozenset[str]]
MUTATORS = frozenset(
    {"append", "extend", "add", "insert", "update", "setdefault", "add_",
     "sub_", "mul_", "div_", "copy_", "lerp_", "zero_", "fill_", "clamp_",
     "appendleft", "pop", "clear", "update_parameters"}
)  # fmt: skip
"""Methods that change the object they are called on and nothing else."""
LOGGERS = frozenset({"print", "write", "log", "info", "debug", "warning"})
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPOUND = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try)


def names_read(node: ast.AST) -> set[str]:
    """Return the names whose values are used: loaded variables and attributes."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, (ast.Name, ast.Attribute)) and isinstance(part.ctx, ast.Load):
            names.add(part.id if isinstance(part, ast.Name) else part.attr)
    return names


def base(node: ast.expr) -> str:
    """Return the name that an assignment or a method call changes: `x` of `x[0]`, `x.data`, `x.values()`; `a` of
    `self.a`."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                return node.attr
            node = node.value
        elif isinstance(node, (ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""
    return node.id


def names_written(node: ast.stmt) -> set[str]:
    """Return the names that a simple statement assigns or changes in place; none if it may do more than that."""
    if isinstance(node, ast.Assign):
        return {base(part) for target in node.targets for part in _parts(target)}
    if isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        return {base(node.target)}
    if isinstance(node, ast.Expr):
        changed = _mutated_name(node.value)
        return {changed} if changed else set()
    return set()


def names_bound(node: ast.stmt) -> set[str]:
    """Return the names that an assignment binds as a whole: `x = ...`, `self.x = ...`, not `x[0] = ...`."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {base(part) for target in targets for part in _parts(target) if _is_whole(part)}


def names_used_as_input(node: ast.stmt) -> set[str]:
    """Return the names that a statement reads to compute what it writes. The target itself isn't read."""
    if isinstance(node, ast.Assign):
        return names_read(node.value) | {name for target in node.targets for name in _indices(target)}
    if isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        return names_read(node.value) if node.value is not None else set()
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return {
            name
            for call in _chained_calls(node.value)
            for part in [*call.args, *call.keywords]
            for name in names_read(part)
        }
    return names_read(node)


def aliases(node: ast.For | ast.AsyncFor) -> dict[str, frozenset[str]]:
    """Return loop variable -> the names whose parts it stands for."""
    target, source = node.target, node.iter
    if isinstance(source, ast.Call) and isinstance(target, ast.Tuple):
        called = source.func.id if isinstance(source.func, ast.Name) else ""
        if called == "zip" and len(source.args) == len(target.elts):
            pairs = zip(target.elts, source.args, strict=True)
            return {name: frozenset({base(of)}) for part, of in pairs for name in _names(part)}
        if called == "enumerate" and source.args:
            return {name: frozenset({base(source.args[0])}) for name in _names(target.elts[-1])}
    return {name: frozenset({base(source)}) for name in _names(target)}


def origins(name: str, known: Aliases) -> set[str]:
    """Return the names that a name stands for, or itself."""
    seen, names, pending = set(), set(), [name]
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        behind = {other for other in known.get(current, ()) if other}
        pending += behind
        names |= behind or {current}
    return names


def only_logs(node: ast.stmt) -> bool:
    """Whether the statement only prints or logs, which has no effect on the result."""
    called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    return (isinstance(called, ast.Name) and called.id in LOGGERS) or (
        isinstance(called, ast.Attribute) and called.attr in LOGGERS
    )


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _parts(part)
    else:
        yield target


def _is_whole(target: ast.expr) -> bool:
    if isinstance(target, ast.Attribute):
        return isinstance(target.value, ast.Name) and target.value.id == "self"
    return isinstance(target, ast.Name)


def _names(target: ast.expr) -> list[str]:
    return [part.id for part in _parts(target) if isinstance(part, ast.Name)]


def _indices(target: ast.expr) -> set[str]:
    return {n for part in ast.walk(target) if isinstance(part, ast.Subscript) for n in names_read(part.slice)}


def _chained_calls(call: ast.Call) -> Iterator[ast.Call]:
    """Yield all calls of a chain: both of `a.mul_(x).add_(y)`."""
    yield call
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        yield from _chained_calls(call.func.value)


def _mutated_name(node: ast.expr) -> str:
    """Return the name that a bare call of a mutator changes, "" for any other expression."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        return base(node.func.value)
    return ""
