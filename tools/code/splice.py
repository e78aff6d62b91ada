"""Puts definitions, imports and constants into a file by libcst; everything else stays byte for byte.

Knows nothing of models and permissions. Names are qualified inside the file: `train`, `Net.forward`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import libcst as cst

from pelagos.errors import EditRefused

Piece = cst.FunctionDef | cst.ClassDef
S = TypeVar("S", bound=cst.CSTNode)


@dataclass
class Pieces:
    """What a block of code holds: definitions by qualified name, imports and simple assignments by name."""

    definitions: dict[str, Piece] = field(default_factory=dict)
    imports: list[cst.SimpleStatementLine] = field(default_factory=list)
    constants: dict[str, cst.SimpleStatementLine] = field(default_factory=dict)


def parse(code: str) -> cst.Module:
    """Raises EditRefused(syntax) with the line at fault."""
    try:
        compile(code, "reply", "exec", dont_inherit=True)
        return cst.parse_module(code)
    except (SyntaxError, ValueError, RecursionError, cst.ParserSyntaxError) as error:
        line = getattr(error, "lineno", None) or getattr(error, "raw_line", None)
        source = code.splitlines()[line - 1].strip() if line and line <= len(code.splitlines()) else ""
        what = getattr(error, "msg", None) or type(error).__name__
        raise EditRefused("syntax", f"line {line}: {what}: {source}"[:300]) from None


def pieces(module: cst.Module) -> Pieces:
    """The spliceable parts of a module's top level; calls and `if __name__` are left out. The last
    definition of a name counts, but a mere signature doesn't replace a definition."""
    found = Pieces()
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            if statement.name.value not in found.definitions or not _is_signature(statement):
                found.definitions[statement.name.value] = statement
        elif isinstance(statement, cst.SimpleStatementLine):
            _simple(statement, found)
    return found


def methods(piece: Piece) -> dict[str, cst.FunctionDef]:
    """The methods of a class, by name; none of a function."""
    if not isinstance(piece, cst.ClassDef):
        return {}
    return {item.name.value: item for item in piece.body.body if isinstance(item, cst.FunctionDef)}


def completed(piece: Piece, old: Piece) -> Piece:
    """A definition of a reply, with what it only repeats the signature of taken from the old one: models write down
    again the signatures they were shown."""
    if _is_signature(piece):
        return old
    if isinstance(piece, cst.FunctionDef):
        return piece
    have = methods(old)
    body = [
        have.get(item.name.value, item) if isinstance(item, cst.FunctionDef) and _is_signature(item) else item
        for item in piece.body.body
    ]
    return piece.with_changes(body=piece.body.with_changes(body=body))


def _is_signature(piece: Piece) -> bool:
    """Whether the body is nothing but a docstring, `...`, `pass` and, in a class, signatures again."""
    parts: list[cst.CSTNode] = []
    for line in piece.body.body:
        parts += line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    return all(
        isinstance(part, cst.Pass)
        or (isinstance(piece, cst.ClassDef) and isinstance(part, cst.FunctionDef) and _is_signature(part))
        or (isinstance(part, cst.Expr) and isinstance(part.value, cst.Ellipsis | cst.SimpleString))
        for part in parts
    )


def _simple(statement: cst.SimpleStatementLine, found: Pieces) -> None:
    if all(isinstance(part, cst.Import | cst.ImportFrom) for part in statement.body):
        found.imports.append(statement)
        return
    part = statement.body[0]
    target = part.targets[0].target if isinstance(part, cst.Assign) else getattr(part, "target", None)
    if isinstance(part, cst.Assign | cst.AnnAssign) and isinstance(target, cst.Name):
        found.constants[target.value] = statement


def splice(
    module: cst.Module,
    replaced: Mapping[str, Piece],
    added: Sequence[Piece],
    imports: Sequence[cst.SimpleStatementLine] = (),
    constants: Mapping[str, cst.SimpleStatementLine] | None = None,
) -> str:
    """The file's new text. `replaced` are existing definitions (`Class.method` for a method, new methods allowed),
    `added` new ones that go before the first definition replaced."""
    done = module.visit(_Replace(replaced))
    body = list(done.body)
    known = {name for name in (constants or {}) if _constant_at(body, name) is not None}
    for name in known:
        at = _constant_at(body, name)
        if at is not None and constants:
            body[at] = constants[name].with_changes(leading_lines=body[at].leading_lines)
    fresh = [line for name, line in (constants or {}).items() if name not in known]
    first = _first_definition(body, {name.partition(".")[0] for name in replaced})
    body[first:first] = [*(_spaced(line, 1) for line in fresh), *(_spaced(piece, 2) for piece in added)]
    have = {_code(line) for line in body if isinstance(line, cst.SimpleStatementLine)}
    after = _after_imports(body)
    body[after:after] = [line.with_changes(leading_lines=[]) for line in imports if _code(line) not in have]
    return done.with_changes(body=body).code


class _Replace(cst.CSTTransformer):
    """Replaces by qualified name; keeps the comments and empty lines above what it replaces."""

    def __init__(self, replaced: Mapping[str, Piece]) -> None:
        super().__init__()
        self.replaced, self.stack = replaced, list[str]()

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self.stack.append(node.name.value)
        return len(self.stack) == 1

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.stack.append(node.name.value)
        return False

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.BaseStatement:
        return self._leave(updated_node)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.BaseStatement:
        name = ".".join(self.stack)
        if name not in self.replaced:
            have = methods(updated_node)
            new = [p for q, p in self.replaced.items() if q.startswith(f"{name}.") and q.rpartition(".")[2] not in have]
            if new and len(self.stack) == 1:
                body = [*updated_node.body.body, *(_spaced(piece, 1) for piece in new)]
                updated_node = updated_node.with_changes(body=updated_node.body.with_changes(body=body))
        return self._leave(updated_node)

    def _leave(self, node: Piece) -> cst.BaseStatement:
        piece = self.replaced.get(".".join(self.stack))
        self.stack.pop()
        return node if piece is None else piece.with_changes(leading_lines=node.leading_lines)


def _constant_at(body: Sequence[cst.CSTNode], name: str) -> int | None:
    for at, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            found = Pieces()
            _simple(statement, found)
            if name in found.constants:
                return at
    return None


def _first_definition(body: Sequence[cst.CSTNode], names: set[str]) -> int:
    """Where new definitions go: before the first one replaced, else before the entry point or at the end."""
    places = [at for at, node in enumerate(body) if isinstance(node, cst.FunctionDef | cst.ClassDef)]
    for at in places:
        node = body[at]
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.name.value in names:
            return at
    return places[0] if places else len(body)


def _after_imports(body: Sequence[cst.CSTNode]) -> int:
    after = 0
    for at, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            part = statement.body[0]
            docstring = at == 0 and isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString)
            if docstring or isinstance(part, cst.Import | cst.ImportFrom):
                after = at + 1
    return after


def _spaced(node: S, lines: int) -> S:
    kept = [line for line in getattr(node, "leading_lines", ()) if line.comment is not None]
    return node.with_changes(leading_lines=[*[cst.EmptyLine(indent=False)] * lines, *kept])


def _code(line: cst.SimpleStatementLine) -> str:
    return cst.Module([line.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())]).code.strip()
