"""Fills a placeholder in a reply's function ("the rest stays the same") with the statements of the existing function.

The statements beside the placeholder must be in both functions. A function with a placeholder that can't be filled is
refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.program.splice import DefinitionNode, collect_methods

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Body = Sequence[Statement]


def fill_placeholders(new: DefinitionNode, old: DefinitionNode) -> DefinitionNode:
    """`new` with the statements of `old` in place of `...`, in its body or in the methods of a class. Raises
    EditRefused(syntax)."""
    if isinstance(new, cst.FunctionDef):
        return _fill_function(new, old) if isinstance(old, cst.FunctionDef) else new
    old_methods = collect_methods(old)
    body = [
        _fill_function(item, old_methods[item.name.value])
        if isinstance(item, cst.FunctionDef) and item.name.value in old_methods
        else item
        for item in new.body.body
    ]
    return new.with_changes(body=new.body.with_changes(body=body))


def _fill_function(new: cst.FunctionDef, old: cst.FunctionDef) -> cst.FunctionDef:
    if not isinstance(new.body, cst.IndentedBlock) or not isinstance(old.body, cst.IndentedBlock):
        return new
    body: list[Statement] = _statements(new.body)
    gaps = [position for position, statement in enumerate(body) if is_placeholder(statement)]
    if not gaps or len(gaps) == len(body):
        return new
    if len(gaps) > 1:
        raise _refuse_placeholder(new)
    position = gaps[0]
    missing = _statements_between(
        _statements(old.body),
        body[position - 1] if position else None,
        body[position + 1] if position + 1 < len(body) else None,
    )
    if missing is None:
        raise _refuse_placeholder(new)
    return new.with_changes(body=new.body.with_changes(body=[*body[:position], *missing, *body[position + 1 :]]))


def is_placeholder(statement: cst.CSTNode) -> bool:
    """Whether a statement is a bare `...`."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Ellipsis())]):
            return True
    return False


def _statements(block: cst.IndentedBlock) -> list[Statement]:
    return [statement for statement in block.body if isinstance(statement, Statement)]


def _statements_between(old: Body, before: Statement | None, after: Statement | None) -> Body | None:
    """The old statements between two statements that are each in the old body exactly once; None if they are not, or
    if they are out of order."""
    first = 0 if before is None else _find_statement(old, before)
    last = len(old) if after is None else _find_statement(old, after)
    if first is None or last is None:
        return None
    first += before is not None
    return old[first:last] if first <= last else None


def _find_statement(body: Body, statement: Statement) -> int | None:
    positions = [at for at, candidate in enumerate(body) if _text(candidate) == _text(statement)]
    return positions[0] if len(positions) == 1 else None


def _text(statement: Statement) -> str:
    """The statement as text, without the comments above it."""
    return cst.Module([statement.with_changes(leading_lines=[])]).code.strip()


def _refuse_placeholder(function: cst.FunctionDef) -> EditRefused:
    name = function.name.value
    return EditRefused("syntax", f"{name} leaves something out ('...'): write the whole of it")
