"""Detects functions that were cut off, if the remaining part still parses."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from pelagos.errors import EditRefused
from tools.code.program.splice import CodeParts, DefinitionNode

_LEAVING = cst.Return | cst.Raise | cst.Continue | cst.Break


def check_ending(reply: CodeParts, file: CodeParts, target: str) -> None:
    """Check a reply that has no closing fence or that did not parse: the target and the last function must not run off
    their end if the existing functions of these names never do. Raises EditRefused(syntax)."""
    for name in (target, *[*reply.definitions][-1:]):
        new, old = reply.definitions.get(name), file.definitions.get(name)
        if new is not None and old is not None and not _always_returns(new) and _always_returns(old):
            raise EditRefused("syntax", f"the reply ends in the middle of {name}: write the whole of it")


def _always_returns(node: DefinitionNode) -> bool:
    """Whether control never leaves a function by running off its end; True for a class."""
    return isinstance(node, cst.ClassDef) or _block_leaves(node.body)


def _block_leaves(block: cst.BaseSuite) -> bool:
    statements: Sequence[cst.CSTNode] = block.body
    return bool(statements) and _statement_leaves(statements[-1])


def _statement_leaves(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=parts):
            return isinstance(parts[-1], _LEAVING)
        case cst.If(body=body, orelse=cst.Else(body=other)):
            return _block_leaves(body) and _block_leaves(other)
        case cst.If(body=body, orelse=cst.If() as other):
            return _block_leaves(body) and _statement_leaves(other)
        case cst.With(body=body):
            return _block_leaves(body)
        case cst.Try(body=body, handlers=handlers):
            return _block_leaves(body) and all(_block_leaves(handler.body) for handler in handlers)
        case cst.While(test=cst.Name(value="True")):
            return True
    return isinstance(statement, cst.Return | cst.Raise)  # a body in the same line as its `def`
