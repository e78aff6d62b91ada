"""Tells a function that was cut off from a whole one, where what is left of it still parses."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.splice import Piece, Pieces

_LEAVES = cst.Return | cst.Raise | cst.Continue | cst.Break


def check_ending(found: Pieces, have: Pieces, target: str) -> None:
    """For a reply that nothing closes or that didn't parse as it was: the target and the last function must not run off
    their end where the existing ones of their names never do. Raises EditRefused(syntax)."""
    for name in (target, *[*found.definitions][-1:]):
        new, old = found.definitions.get(name), have.definitions.get(name)
        if new is not None and old is not None and not _ends(new) and _ends(old):
            raise EditRefused("syntax", f"the reply ends in the middle of {name}: write the whole of it")


def _ends(piece: Piece) -> bool:
    """Whether control never leaves a function by running off its end; a class always ends."""
    return isinstance(piece, cst.ClassDef) or _leaves(piece.body)


def _leaves(block: cst.BaseSuite) -> bool:
    statements: Sequence[cst.CSTNode] = block.body
    return bool(statements) and _statement_leaves(statements[-1])


def _statement_leaves(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=parts):
            return isinstance(parts[-1], _LEAVES)
        case cst.If(body=body, orelse=cst.Else(body=other)):
            return _leaves(body) and _leaves(other)
        case cst.If(body=body, orelse=cst.If() as other):
            return _leaves(body) and _statement_leaves(other)
        case cst.With(body=body):
            return _leaves(body)
        case cst.Try(body=body, handlers=handlers):
            return _leaves(body) and all(_leaves(one.body) for one in handlers)
        case cst.While(test=cst.Name(value="True")):
            return True
    return isinstance(statement, cst.Return | cst.Raise)  # a body on the line of its `def`
