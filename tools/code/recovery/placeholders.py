"""Fills what a reply left out of a function ("the rest stays the same") from the existing one, where the statements
beside the gap stand in both. A function with a gap that nothing fills isn't whole and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.splice import Piece, methods

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Body = Sequence[Statement]


def filled(new: Piece, old: Piece) -> Piece:
    """`new` with the statements of `old` in place of `...` in its body or, in a class, in those of its methods.
    Raises EditRefused(syntax)."""
    if isinstance(new, cst.FunctionDef):
        return _filled(new, old) if isinstance(old, cst.FunctionDef) else new
    known = methods(old)
    body = [
        _filled(item, known[item.name.value])
        if isinstance(item, cst.FunctionDef) and item.name.value in known
        else item
        for item in new.body.body
    ]
    return new.with_changes(body=new.body.with_changes(body=body))


def _filled(new: cst.FunctionDef, old: cst.FunctionDef) -> cst.FunctionDef:
    if not isinstance(new.body, cst.IndentedBlock) or not isinstance(old.body, cst.IndentedBlock):
        return new
    body: list[Statement] = _statements(new.body)
    gaps = [at for at, statement in enumerate(body) if is_gap(statement)]
    if not gaps or len(gaps) == len(body):
        return new
    if len(gaps) > 1:
        raise _refused(new)
    at = gaps[0]
    between = _between(
        _statements(old.body), body[at - 1] if at else None, body[at + 1] if at + 1 < len(body) else None
    )
    if between is None:
        raise _refused(new)
    return new.with_changes(body=new.body.with_changes(body=[*body[:at], *between, *body[at + 1 :]]))


def is_gap(statement: cst.CSTNode) -> bool:
    """Whether it is a bare `...`."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Ellipsis())]):
            return True
    return False


def _statements(block: cst.IndentedBlock) -> list[Statement]:
    return [one for one in block.body if isinstance(one, Statement)]


def _between(old: Body, before: Statement | None, after: Statement | None) -> Body | None:
    """The old statements between two that stand once in the old body each; None where they don't, or out of order."""
    first = 0 if before is None else _place(old, before)
    last = len(old) if after is None else _place(old, after)
    if first is None or last is None:
        return None
    first += before is not None
    return old[first:last] if first <= last else None


def _place(body: Body, wanted: Statement) -> int | None:
    places = [at for at, statement in enumerate(body) if _text(statement) == _text(wanted)]
    return places[0] if len(places) == 1 else None


def _text(statement: Statement) -> str:
    """The statement without comments above it."""
    return cst.Module([statement.with_changes(leading_lines=[])]).code.strip()


def _refused(function: cst.FunctionDef) -> EditRefused:
    name = function.name.value
    return EditRefused("syntax", f"{name} leaves something out ('...'): write the whole of it")
