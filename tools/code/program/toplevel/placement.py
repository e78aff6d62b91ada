"""Replaces the top-level code of a file by that of a reply; definitions stay where they are.

Statements are matched by a key (the names they assign, the function they call, the loop variable), not by their text:
a statement goes to the place of the one with the same key, so definitions still follow what they use.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from difflib import SequenceMatcher

import libcst as cst
import libcst.matchers as m

from pelagos.errors import EditRefused
from tools.code.program.recovery.placeholders import is_placeholder
from tools.code.program.splice import DefinitionNode
from tools.code.program.toplevel.statements import is_text, is_top_level_code, writes_output

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Body = Sequence[Statement]


def select_top_level(module: cst.Module) -> list[Statement]:
    """The statements of the top-level code of a file or a reply."""
    return [statement for statement in module.body if any(map(is_top_level_code, _nodes(statement)))]


def resolve_top_level(module: cst.Module, block: cst.Module, path: str) -> list[Statement]:
    """The complete new top-level code of the file `module` from the reply `block`; [] if the reply has none. In a file
    without definitions, the reply's definitions are part of the code, in their order. A reply of constants only changes
    or adds these constants. Raises EditRefused(syntax) if the code is incomplete."""
    old, new = select_top_level(module), select_top_level(block)
    if not _has_definitions(module) and writes_output([ast.parse(block.code)]):
        new = [
            statement
            for statement in block.body
            if not _is_import(statement) and not all(map(is_text, _nodes(statement)))
        ]
    if any(map(is_placeholder, new)):
        raise EditRefused("syntax", f"the top-level code of {path} leaves something out ('...'): write the whole of it")
    if new and all(map(_is_constant, new)):
        return _merge_constants(old, new)
    if new and not _is_whole(old, new):
        raise EditRefused("syntax", f"the reply has a part of the top-level code of {path}: write the whole of it")
    return new


def still_writes_output(module: cst.Module, block: cst.Module) -> bool:
    """Whether `block`, a text for the whole file `module`, still writes output if the file's top-level code does."""
    return writes_output([ast.parse(block.code)]) or not writes_output(_all_nodes(select_top_level(module)))


def place_top_level(
    module: cst.Module, code: Body, added: Sequence[DefinitionNode], imports: Sequence[cst.SimpleStatementLine]
) -> str:
    """The text of the file with `code` as its top-level code, and with new definitions and imports before their first
    use: scripts may import in the middle."""
    old = select_top_level(module)
    inserted, replaced_at = dict[int, list[Statement]](), dict[int, list[Statement]]()
    for what, i1, i2, j1, j2 in SequenceMatcher(None, _keys(old), _keys(code), autojunk=False).get_opcodes():
        new_statements = list(code[j1:j2])
        if what in ("equal", "replace") and i2 - i1 == j2 - j1:
            replaced_at |= {
                i1 + at: [_keep_if_same(old[i1 + at], statement)] for at, statement in enumerate(new_statements)
            }
        elif what == "insert":
            inserted[i1] = new_statements
        else:
            replaced_at |= {at: [] for at in range(i1, i2)} | {i2 - 1: new_statements}
    statements_by_id = {id(statement): [*inserted.get(at, []), *replaced_at[at]] for at, statement in enumerate(old)}
    body = [placed for statement in module.body for placed in statements_by_id.get(id(statement), [statement])]
    body = _insert_definitions([*body, *inserted.get(len(old), [])], added)
    for line in imports:
        body = _insert_import(body, line)
    return module.with_changes(body=body).code


def _insert_definitions(body: list[Statement], added: Sequence[DefinitionNode]) -> list[Statement]:
    for definition in reversed(added):
        name = m.Name(definition.name.value)
        at = next(
            (at for at, statement in enumerate(body) if not _is_import(statement) and m.findall(statement, name)),
            len(body),
        )
        body.insert(
            at, definition.with_changes(leading_lines=[cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)])
        )
    return body


def _insert_import(body: list[Statement], line: cst.SimpleStatementLine) -> list[Statement]:
    """Insert the import after the last import that precedes its first use."""
    names = {alias.asname or alias.name.partition(".")[0] for node in _nodes(line) for alias in _aliases(node)}
    uses = (at for at, statement in enumerate(body) if not _is_import(statement) and _used_names(statement) & names)
    first = next(uses, len(body))
    imports_above = [
        at
        for at, statement in enumerate(body[:first])
        if _is_import(statement) or (at == 0 and is_text(_nodes(statement)[0]))
    ]
    if any(_normalize(body[at]) == _normalize(line) for at in imports_above):
        return body
    at = imports_above[-1] + 1 if imports_above else 0
    return [*body[:at], line.with_changes(leading_lines=[]), *body[at:]]


def _aliases(node: ast.stmt) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


def _used_names(statement: Statement) -> set[str]:
    return {part.id for node in _nodes(statement) for part in ast.walk(node) if isinstance(part, ast.Name)}


def _keep_if_same(old: Statement, new: Statement) -> Statement:
    """The old statement if only the layout differs, so that its comments stay; else the new one."""
    return old if _normalize(old) == _normalize(new) else new.with_changes(leading_lines=old.leading_lines)


def _merge_constants(old: Body, new: Body) -> list[Statement]:
    """The old code with the new values of its constants; new constants are first."""
    values = dict(zip(_keys(new), new, strict=True))
    constants = {key: statement for key, statement in zip(_keys(old), old, strict=True) if _is_constant(statement)}
    new_constants = [statement for key, statement in values.items() if key not in constants]
    return [
        *new_constants,
        *(
            values.get(_keys([statement])[0], statement) if statement in constants.values() else statement
            for statement in old
        ),
    ]


def _is_whole(old: Body, new: Body) -> bool:
    """Whether new code is complete: it writes output if the old code does, else it has the old last statement."""
    before, now = _all_nodes(old), _all_nodes(new)
    return writes_output(now) if writes_output(before) else not old or _keys(old)[-1] in _keys(new)


def _is_constant(statement: Statement) -> bool:
    """Whether a statement assigns a value to names without a call."""
    if not all(isinstance(node, ast.Assign | ast.AnnAssign) for node in _nodes(statement)):
        return False
    return not any(isinstance(part, ast.Call) for node in _nodes(statement) for part in ast.walk(node))


def _keys(body: Body) -> list[str]:
    return [_key(_nodes(statement)[0]) for statement in body]


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
    return [node for statement in body for node in _nodes(statement)]


def _nodes(statement: Statement) -> list[ast.stmt]:
    return ast.parse(cst.Module([statement.with_changes(leading_lines=[])]).code).body


def _normalize(statement: Statement) -> str:
    return "\n".join(ast.dump(node) for node in _nodes(statement))


def _has_definitions(module: cst.Module) -> bool:
    return any(isinstance(statement, cst.FunctionDef | cst.ClassDef) for statement in module.body)


def _is_import(statement: Statement) -> bool:
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in _nodes(statement))
