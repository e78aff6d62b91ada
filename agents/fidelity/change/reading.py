"""Reads a change without a model and without seeing the hypothesis: calls, constants, loops, definitions, dead names.

Lines that are no Python are kept as text.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from agents.fidelity.change import liveness
from agents.fidelity.change.def_use import COMPOUND, DEFINITIONS, names_written
from agents.fidelity.change.fragments import parse_fragment
from agents.fidelity.change.hunks import Hunk, Line, join_lines, parse_hunks

MAX_STATEMENTS, MAX_LENGTH = 300, 400


@dataclass(frozen=True)
class Reading:
    """`effective` are the added statements that something depends on (of blocks the heads only), `removed` the removed
    ones, both as normalised text. `values` are those of names that are set once; `constants` and `loops` describe each
    changed one; `fewer` are names that are called less often than before; `lines` couldn't be parsed. `around` is the
    new side with its context, verbatim; `changed` are the hunks.
    """

    effective: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    new_calls: tuple[str, ...] = ()
    gone_calls: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    loops: tuple[str, ...] = ()
    defined: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    fewer: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    around: str = ""
    changed: tuple[Hunk, ...] = ()

    @cached_property
    def text(self) -> str:
        """The effective statements, one per line, with the change's constants replaced by their values, and the lines
        that couldn't be parsed. Bounded in size, since patterns are searched in it."""
        statements = (*map(self._filled_in, self.effective), *self.lines)
        return "\n".join(statement[:MAX_LENGTH].replace("\n", " ") for statement in statements[:MAX_STATEMENTS])

    def _filled_in(self, statement: str) -> str:
        for name, value in self.values:
            if not statement.startswith(f"{name} = "):
                statement = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w|=[^=]| = )", value, statement)
        return statement


def read_change(diff: str) -> Reading:
    """Read a diff. Code that is nested too deeply to be parsed is kept as lines."""
    hunks = parse_hunks(diff)
    try:
        return _read_hunks(hunks)
    except RecursionError:
        return Reading(lines=tuple(line.strip() for hunk in hunks for line in hunk.added if line.strip()))


def _read_hunks(hunks: Sequence[Hunk]) -> Reading:
    scope = liveness.build_scope(hunks)
    dead = liveness.find_dead_names(scope)
    effective = liveness.find_effective(scope, dead)
    removed = [node for hunk in hunks for node in _removed_statements(hunk)]
    new_calls, gone_calls = _calls(node for _, node in effective), _calls(removed)
    return Reading(
        effective=tuple(statement_text(node) for _, node in effective),
        removed=tuple(statement_text(node) for node in removed),
        new_calls=tuple(_innermost(new_calls - gone_calls)),
        gone_calls=tuple(_innermost(gone_calls - new_calls)),
        values=tuple(_set_once(node for _, node in effective)),
        constants=tuple(_changed_values(_constants(removed), _constants(node for _, node in effective))),
        loops=tuple(_changed_values(_loops(removed), _loops(node for _, node in effective))),
        defined=tuple(node.name for _, node in effective if isinstance(node, DEFINITIONS)),
        dead=tuple(sorted(dead)),
        fewer=tuple(_called_less(hunks)),
        lines=tuple(_unread_lines(hunks, scope)),
        around="\n".join(join_lines(hunk.new) for hunk in hunks),
        changed=tuple(hunks),
    )


def statement_text(node: ast.stmt) -> str:
    """Return a statement as normalised text, of a compound statement its head."""
    if not isinstance(node, (*COMPOUND, *DEFINITIONS)):
        return ast.unparse(node)
    bare = ast.unparse(_without_body(node)).split("\n")
    return next((line for line in bare if not line.startswith("@")), "")


def _without_body(node: ast.stmt) -> ast.stmt:
    bare = copy(node)
    for name in ("body", "orelse", "finalbody"):
        if name in node._fields:
            setattr(bare, name, [ast.Pass()] if name == "body" else [])
    return bare


def _removed_statements(hunk: Hunk) -> list[ast.stmt]:
    """Return the statements of the old side that have a removed line."""
    removed_lines = {number for number, line in enumerate(hunk.old, 1) if line.added}
    statements = []
    for top in parse_fragment([line.text for line in hunk.old]):
        for node in ast.walk(top):
            if isinstance(node, ast.stmt) and not removed_lines.isdisjoint(_span(node)):
                statements.append(node)
    return statements


def _span(node: ast.stmt) -> range:
    if isinstance(node, (*COMPOUND, *DEFINITIONS)):
        return range(node.lineno, max(node.lineno, node.body[0].lineno - 1) + 1)
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _calls(nodes: Iterator[ast.stmt] | Sequence[ast.stmt]) -> Counter[str]:
    """Count the calls as text, outer ones before inner ones."""
    calls: Counter[str] = Counter()
    for node in nodes:
        parts = [node] if not isinstance(node, (*COMPOUND, *DEFINITIONS)) else _heads(node)
        calls.update(ast.unparse(part) for subtree in parts for part in ast.walk(subtree) if isinstance(part, ast.Call))
    return calls


def _called_less(hunks: Sequence[Hunk]) -> Iterator[str]:
    """Yield functions that only the old side calls, and classes that the new side instantiates less often."""
    before: Counter[str] = Counter()
    now: Counter[str] = Counter()
    for hunk in hunks:
        before += _called(hunk.old)
        now += _called(hunk.new)
    yield from (name for name, times in before.items() if now[name] == 0 or (name[:1].isupper() and now[name] < times))


def _called(lines: Sequence[Line]) -> Counter[str]:
    """Count the last parts of the names of calls: `out` of `self.out(x)`."""
    nodes = parse_fragment([line.text for line in lines])
    calls = (part.func for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call))
    return Counter(func.attr if isinstance(func, ast.Attribute) else ast.unparse(func) for func in calls)


def _innermost(calls: Counter[str]) -> list[str]:
    """Drop calls that contain another of the calls."""
    return [call for call in calls if not any(other != call and other in call for other in calls)]


def _heads(node: ast.stmt) -> list[ast.AST]:
    return [part for part in ast.iter_child_nodes(node) if not isinstance(part, (ast.stmt, ast.excepthandler))]


def _constants(nodes: Iterator[ast.stmt] | Sequence[ast.stmt]) -> dict[str, str]:
    """Return name -> value of names that are assigned a constant."""
    values: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.UnaryOp)):
            values |= {to.id: ast.unparse(node.value) for to in node.targets if isinstance(to, ast.Name)}
    return values


def _set_once(nodes: Iterator[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of constants that are assigned in one place only."""
    statements = list(nodes)
    times = Counter(name for node in statements for name in names_written(node))
    yield from ((name, value) for name, value in _constants(statements).items() if times[name] == 1)


def _loops(nodes: Iterator[ast.stmt] | Sequence[ast.stmt]) -> dict[str, str]:
    """Return loop variable -> what it iterates over."""
    return {ast.unparse(node.target): ast.unparse(node.iter) for node in nodes if isinstance(node, ast.For)}


def _changed_values(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for name, value in new.items():
        if name in old and old[name] != value:
            yield f"{name} {old[name]} -> {value}"


def _unread_lines(hunks: Sequence[Hunk], scope: liveness.Scope) -> Iterator[str]:
    """Yield the added lines of hunks that couldn't be parsed at all."""
    bodies = dict(scope.bodies)
    for index, hunk in enumerate(hunks):
        if not bodies[index]:
            yield from (line.strip() for line in hunk.added if line.strip())
