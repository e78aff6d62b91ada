"""Puts the top-level code of a reply in the place of a file's own, around the definitions, which stay where they are.

Statements are told apart by what they are about (the names they assign, the function they call, the kind of loop), not
by their text: what is about the same thing goes to the same place, so definitions still stand behind what they need.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from difflib import SequenceMatcher

import libcst as cst
import libcst.matchers as m

from pelagos.errors import EditRefused
from tools.code.recovery.placeholders import is_gap
from tools.code.splice import Piece
from tools.code.toplevel.statements import is_code, is_text, writes

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Body = Sequence[Statement]


def code_of(module: cst.Module) -> list[Statement]:
    """The statements of the top-level code of a file or a reply."""
    return [one for one in module.body if any(map(is_code, _nodes(one)))]


def new_code(module: cst.Module, block: cst.Module, path: str) -> list[Statement]:
    """The whole new top-level code of the file `module` by the reply `block`; [] where the reply has none. In a file
    without definitions the reply's are a part of the code, in their order. Raises EditRefused(syntax) where something
    is left out, unless these are only constants, which are changed or added."""
    old, new = code_of(module), code_of(block)
    if not _defines(module) and writes([ast.parse(block.code)]):
        new = [one for one in block.body if not _imports(one) and not all(map(is_text, _nodes(one)))]
    if any(map(is_gap, new)):
        raise EditRefused("syntax", f"the top-level code of {path} leaves something out ('...'): write the whole of it")
    if new and all(map(_is_constant, new)):
        return _merged(old, new)
    if new and not _is_whole(old, new):
        raise EditRefused("syntax", f"the reply has a part of the top-level code of {path}: write the whole of it")
    return new


def keeps_output(module: cst.Module, block: cst.Module) -> bool:
    """Whether a text for the whole file `module` still writes the output where its top-level code does."""
    return writes([ast.parse(block.code)]) or not writes(_all_nodes(code_of(module)))


def placed(module: cst.Module, code: Body, added: Sequence[Piece], imports: Sequence[cst.SimpleStatementLine]) -> str:
    """The text of the file with `code` for its top-level code and with new definitions and imports, each before its
    first use: scripts import in the middle, too."""
    old = code_of(module)
    before, now = dict[int, list[Statement]](), dict[int, list[Statement]]()
    for what, i1, i2, j1, j2 in SequenceMatcher(None, _keys(old), _keys(code), autojunk=False).get_opcodes():
        fresh = list(code[j1:j2])
        if what in ("equal", "replace") and i2 - i1 == j2 - j1:
            now |= {i1 + at: [_kept(old[i1 + at], one)] for at, one in enumerate(fresh)}
        elif what == "insert":
            before[i1] = fresh
        else:
            now |= {at: [] for at in range(i1, i2)} | {i2 - 1: fresh}
    places = {id(one): [*before.get(at, []), *now[at]] for at, one in enumerate(old)}
    body = [part for one in module.body for part in places.get(id(one), [one])]
    body = _with([*body, *before.get(len(old), [])], added)
    for line in imports:
        body = _with_import(body, line)
    return module.with_changes(body=body).code


def _with(body: list[Statement], added: Sequence[Piece]) -> list[Statement]:
    for piece in reversed(added):
        name = m.Name(piece.name.value)
        at = next((at for at, one in enumerate(body) if not _imports(one) and m.findall(one, name)), len(body))
        body.insert(at, piece.with_changes(leading_lines=[cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]))
    return body


def _with_import(body: list[Statement], line: cst.SimpleStatementLine) -> list[Statement]:
    """The import goes behind the last one that stands before its first use."""
    names = {alias.asname or alias.name.partition(".")[0] for node in _nodes(line) for alias in _aliases(node)}
    uses = (at for at, one in enumerate(body) if not _imports(one) and _reads(one) & names)
    first = next(uses, len(body))
    above = [at for at, one in enumerate(body[:first]) if _imports(one) or (at == 0 and is_text(_nodes(one)[0]))]
    if any(_meaning(body[at]) == _meaning(line) for at in above):
        return body
    at = above[-1] + 1 if above else 0
    return [*body[:at], line.with_changes(leading_lines=[]), *body[at:]]


def _aliases(node: ast.stmt) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


def _reads(one: Statement) -> set[str]:
    return {part.id for node in _nodes(one) for part in ast.walk(node) if isinstance(part, ast.Name)}


def _kept(old: Statement, new: Statement) -> Statement:
    """The old one where nothing but its layout differs, so that its comments stay."""
    return old if _meaning(old) == _meaning(new) else new.with_changes(leading_lines=old.leading_lines)


def _merged(old: Body, new: Body) -> list[Statement]:
    """The old code with new values of its constants, new ones first."""
    values = dict(zip(_keys(new), new, strict=True))
    constants = {key: one for key, one in zip(_keys(old), old, strict=True) if _is_constant(one)}
    fresh = [one for key, one in values.items() if key not in constants]
    return [*fresh, *(values.get(_keys([one])[0], one) if one in constants.values() else one for one in old)]


def _is_whole(old: Body, new: Body) -> bool:
    """Whether it still writes the output where the old code does; else whether it still comes to its last statement."""
    before, now = _all_nodes(old), _all_nodes(new)
    return writes(now) if writes(before) else not old or _keys(old)[-1] in _keys(new)


def _is_constant(one: Statement) -> bool:
    """Whether it assigns literals to names."""
    if not all(isinstance(node, ast.Assign | ast.AnnAssign) for node in _nodes(one)):
        return False
    return not any(isinstance(part, ast.Call) for node in _nodes(one) for part in ast.walk(node))


def _keys(body: Body) -> list[str]:
    return [_key(_nodes(one)[0]) for one in body]


def _key(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=targets):
            return f"= {', '.join(map(ast.unparse, targets))}"
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return f"= {ast.unparse(target)}"
        case ast.Expr(value=ast.Call(func=function)):
            return f"call {ast.unparse(function)}"
        case ast.For(target=target):
            return f"for {ast.unparse(target)}"
        case ast.With(items=items):
            return f"with {items[0].optional_vars and ast.unparse(items[0].optional_vars)}"
    return f"{type(node).__name__} {getattr(node, 'name', '')}"


def _all_nodes(body: Body) -> list[ast.stmt]:
    return [node for one in body for node in _nodes(one)]


def _nodes(one: Statement) -> list[ast.stmt]:
    return ast.parse(cst.Module([one.with_changes(leading_lines=[])]).code).body


def _meaning(one: Statement) -> str:
    return "\n".join(ast.dump(node) for node in _nodes(one))


def _defines(module: cst.Module) -> bool:
    return any(isinstance(one, cst.FunctionDef | cst.ClassDef) for one in module.body)


def _imports(one: Statement) -> bool:
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in _nodes(one))
