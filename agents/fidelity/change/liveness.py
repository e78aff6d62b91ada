"""Finds which added statements can have an effect, as far as the change shows.

A new name that nothing reads, a new function that nothing calls, and everything that serves only those is dead. What
existed before the change may be read in code that the change doesn't show, so it is never dead.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agents.fidelity.change.def_use import (
    COMPOUND,
    DEFINITIONS,
    aliases,
    names_bound,
    names_read,
    names_used_as_input,
    names_written,
    only_logs,
    origins,
)
from agents.fidelity.change.fragments import parse_fragment
from agents.fidelity.change.hunks import Hunk

HOOKS = frozenset(
    {"forward", "backward", "step", "call", "fit", "predict", "transform", "train", "eval", "main", "setup"}
)
"""Methods that a framework calls by these names."""


@dataclass
class Scope:
    """The statements of all hunks' new sides. `added`: hunk -> new line numbers; `known`: loop variable -> the names
    that it stands for; `before`: names on the old sides."""

    bodies: list[tuple[int, list[ast.stmt]]] = field(default_factory=list)
    added: list[frozenset[int]] = field(default_factory=list)
    known: dict[str, frozenset[str]] = field(default_factory=dict)
    before: set[str] = field(default_factory=set)

    def statements(self) -> Iterator[tuple[int, ast.stmt]]:
        for hunk, body in self.bodies:
            for node in body:
                for part in ast.walk(node):
                    if isinstance(part, ast.stmt):
                        yield hunk, part

    def is_added(self, hunk: int, node: ast.stmt) -> bool:
        """Whether any line of a simple statement, or of a compound statement's head, is new."""
        last = node.end_lineno or node.lineno
        if isinstance(node, (*COMPOUND, *DEFINITIONS)):
            last = max(node.lineno, node.body[0].lineno - 1)
        return not self.added[hunk].isdisjoint(range(node.lineno, last + 1))


def build_scope(hunks: Sequence[Hunk]) -> Scope:
    scope = Scope()
    for index, hunk in enumerate(hunks):
        scope.added.append(frozenset(number for number, line in enumerate(hunk.new, 1) if line.added))
        scope.bodies.append((index, parse_fragment([line.text for line in hunk.new])))
        scope.before |= _names([line.text for line in hunk.old])
    for index_of, node in scope.statements():
        if isinstance(node, (ast.For, ast.AsyncFor)) and scope.is_added(index_of, node):
            scope.known.update(aliases(node))
    return scope


def find_dead_names(scope: Scope) -> set[str]:
    """Return the new names that no statement with an effect reads. A name that is read only to compute itself is dead
    too."""
    dead = _new_names(scope)
    while True:
        live_uses = _used_names(scope, dead)
        revived = {name for name in dead if _with_aliases(name, scope) & live_uses}
        if not revived:
            return dead
        dead -= revived


def find_effective(scope: Scope, dead: set[str]) -> list[tuple[int, ast.stmt]]:
    """Return the added statements that don't serve dead names only, in order, with their hunk. Definitions and blocks
    are examined part by part."""
    effective = []
    for hunk, body in scope.bodies:
        for node in body:
            effective += [(hunk, statement) for statement in _effective(scope, hunk, node, dead)]
    return effective


def _effective(scope: Scope, hunk: int, node: ast.stmt, dead: set[str]) -> Iterator[ast.stmt]:
    if isinstance(node, DEFINITIONS) and node.name in dead:
        return
    if isinstance(node, (*COMPOUND, *DEFINITIONS)):
        inner = [statement for part in children(node) for statement in _effective(scope, hunk, part, dead)]
        if scope.is_added(hunk, node) and not _has_no_effect(scope, hunk, node, dead):
            yield node
        yield from inner
    elif scope.is_added(hunk, node) and not _has_no_effect(scope, hunk, node, dead) and not _is_text(node):
        yield node


def children(node: ast.stmt) -> list[ast.stmt]:
    """Return the statements directly inside a compound statement."""
    blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
    handlers = [handler.body for handler in getattr(node, "handlers", [])]
    return [statement for block in [*blocks, *handlers] for statement in block]


def _new_names(scope: Scope) -> set[str]:
    """Return the names that the change binds first. A name that it only updates existed before."""
    names: set[str] = set()
    for hunk, node in scope.statements():
        if not scope.is_added(hunk, node):
            continue
        if isinstance(node, DEFINITIONS):
            names |= {node.name} - HOOKS if not node.name.startswith("__") else set()
        else:
            names |= names_bound(node) - names_used_as_input(node)
    return names - scope.before


def _used_names(scope: Scope, dead: set[str]) -> set[str]:
    """Return the names that statements with an effect read."""
    names: set[str] = set()
    for hunk, body in scope.bodies:
        for node in body:
            _collect(scope, hunk, node, dead, names)
    return names


def _collect(scope: Scope, hunk: int, node: ast.stmt, dead: set[str], names: set[str]) -> None:
    if isinstance(node, DEFINITIONS):
        if node.name in dead:
            return
        for part in [*node.decorator_list, *_headers(node)]:
            names |= names_read(part)
    elif _has_no_effect(scope, hunk, node, dead):
        return
    elif isinstance(node, COMPOUND):
        for part in _headers(node):
            names |= names_read(part)
    else:
        written = {origin for name in names_written(node) for origin in origins(name, scope.known)}
        names |= (
            (names_used_as_input(node) - written)
            if names_written(node) and scope.is_added(hunk, node)
            else names_read(node)
        )
    for part in children(node):
        _collect(scope, hunk, part, dead, names)


def _headers(node: ast.stmt) -> list[ast.AST]:
    """Return the parts of a compound statement other than the statements in it."""
    return [part for part in ast.iter_child_nodes(node) if not isinstance(part, (ast.stmt, ast.excepthandler))]


def _has_no_effect(scope: Scope, hunk: int, node: ast.stmt, dead: set[str]) -> bool:
    """Whether the statement serves dead names only, or nothing."""
    if isinstance(node, COMPOUND):
        inner = children(node)
        return bool(inner) and all(
            isinstance(statement, ast.Pass) or _has_no_effect(scope, hunk, statement, dead) for statement in inner
        )
    if not scope.is_added(hunk, node):
        return False
    if only_logs(node) or isinstance(node, (ast.Pass, ast.Import, ast.ImportFrom)):
        return True
    written = {origin for name in names_written(node) for origin in origins(name, scope.known)}
    return bool(written) and written <= dead


def _with_aliases(name: str, scope: Scope) -> set[str]:
    """Return a name and the loop variables that stand for its parts."""
    return {name, *(alias for alias in scope.known if name in origins(alias, scope.known))}


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _names(lines: Sequence[str]) -> set[str]:
    """Return all names in the lines, in any role."""
    names: set[str] = set()
    for node in parse_fragment(lines):
        for part in ast.walk(node):
            for field_ in ("id", "attr", "name", "arg"):
                text = getattr(part, field_, None)
                if isinstance(text, str):
                    names.add(text)
    return names
