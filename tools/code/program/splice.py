"""Splices definitions, imports and constants into a file by libcst; all other code stays byte for byte.

Knows nothing about models and permissions. Names are qualified within the file: `train`, `Net.forward`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import libcst as cst

from pelagos.errors import EditRefused

DefinitionNode = cst.FunctionDef | cst.ClassDef
S = TypeVar("S", bound=cst.CSTNode)


@dataclass
class CodeParts:
    """The parts of a block of code: definitions by qualified name, imports, and simple assignments by name."""

    definitions: dict[str, DefinitionNode] = field(default_factory=dict)
    imports: list[cst.SimpleStatementLine] = field(default_factory=list)
    constants: dict[str, cst.SimpleStatementLine] = field(default_factory=dict)


def parse(code: str) -> cst.Module:
    """Parse code. Raises EditRefused(syntax) with the line at fault."""
    try:
        compile(code, "reply", "exec", dont_inherit=True)
        return cst.parse_module(code)
    except (SyntaxError, ValueError, RecursionError, cst.ParserSyntaxError) as error:
        line = getattr(error, "lineno", None) or getattr(error, "raw_line", None)
        source = code.splitlines()[line - 1].strip() if line and line <= len(code.splitlines()) else ""
        what = getattr(error, "msg", None) or type(error).__name__
        raise EditRefused("syntax", f"line {line}: {what}: {source}"[:300]) from None


def collect_parts(module: cst.Module) -> CodeParts:
    """The parts of a module's top level that can be spliced; calls and `if __name__` are left out. The last definition
    of a name counts, but a signature without a body does not replace a definition."""
    parts = CodeParts()
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef):
            if statement.name.value not in parts.definitions or not _is_signature(statement):
                parts.definitions[statement.name.value] = statement
        elif isinstance(statement, cst.SimpleStatementLine):
            _collect_simple(statement, parts)
    return parts


def collect_methods(node: DefinitionNode) -> dict[str, cst.FunctionDef]:
    """Name -> method of a class; empty for a function."""
    if not isinstance(node, cst.ClassDef):
        return {}
    return {item.name.value: item for item in node.body.body if isinstance(item, cst.FunctionDef)}


def restore_signatures(node: DefinitionNode, old: DefinitionNode) -> DefinitionNode:
    """A reply's definition in which each function without a body is replaced by the old one: models repeat signatures
    from the prompt."""
    if _is_signature(node):
        return old
    if isinstance(node, cst.FunctionDef):
        return node
    old_methods = collect_methods(old)
    body = [
        old_methods.get(item.name.value, item) if isinstance(item, cst.FunctionDef) and _is_signature(item) else item
        for item in node.body.body
    ]
    return node.with_changes(body=node.body.with_changes(body=body))


def _is_signature(node: DefinitionNode) -> bool:
    """Whether the body consists only of a docstring, `...`, `pass` and, in a class, signatures."""
    parts: list[cst.CSTNode] = []
    for line in node.body.body:
        parts += line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    return all(
        isinstance(part, cst.Pass)
        or (isinstance(node, cst.ClassDef) and isinstance(part, cst.FunctionDef) and _is_signature(part))
        or (isinstance(part, cst.Expr) and isinstance(part.value, cst.Ellipsis | cst.SimpleString))
        for part in parts
    )


def _collect_simple(statement: cst.SimpleStatementLine, parts: CodeParts) -> None:
    if all(isinstance(part, cst.Import | cst.ImportFrom) for part in statement.body):
        parts.imports.append(statement)
        return
    part = statement.body[0]
    target = part.targets[0].target if isinstance(part, cst.Assign) else getattr(part, "target", None)
    if isinstance(part, cst.Assign | cst.AnnAssign) and isinstance(target, cst.Name):
        parts.constants[target.value] = statement


def splice(
    module: cst.Module,
    replaced: Mapping[str, DefinitionNode],
    added: Sequence[DefinitionNode],
    imports: Sequence[cst.SimpleStatementLine] = (),
    constants: Mapping[str, cst.SimpleStatementLine] | None = None,
) -> str:
    """The file's new text. `replaced` are definitions by qualified name (`Class.method`, which may be a new method);
    `added` are new definitions, inserted before the first replaced one."""
    changed = module.visit(_ReplaceDefinitions(replaced))
    body = list(changed.body)
    existing = {name for name in (constants or {}) if _find_constant(body, name) is not None}
    for name in existing:
        at = _find_constant(body, name)
        if at is not None and constants:
            body[at] = constants[name].with_changes(leading_lines=body[at].leading_lines)
    new_lines = [line for name, line in (constants or {}).items() if name not in existing]
    position = _insertion_point(body, {name.partition(".")[0] for name in replaced})
    body[position:position] = [
        *(_with_blank_lines(line, 1) for line in new_lines),
        *(_with_blank_lines(node, 2) for node in added),
    ]
    present = {_render_line(line) for line in body if isinstance(line, cst.SimpleStatementLine)}
    after = _end_of_imports(body)
    body[after:after] = [line.with_changes(leading_lines=[]) for line in imports if _render_line(line) not in present]
    return changed.with_changes(body=body).code


class _ReplaceDefinitions(cst.CSTTransformer):
    """Replaces definitions by qualified name; keeps the comments and empty lines above them."""

    def __init__(self, replaced: Mapping[str, DefinitionNode]) -> None:
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
            present = collect_methods(updated_node)
            new_methods = [
                method
                for qualified_name, method in self.replaced.items()
                if qualified_name.startswith(f"{name}.") and qualified_name.rpartition(".")[2] not in present
            ]
            if new_methods and len(self.stack) == 1:
                body = [*updated_node.body.body, *(_with_blank_lines(method, 1) for method in new_methods)]
                updated_node = updated_node.with_changes(body=updated_node.body.with_changes(body=body))
        return self._leave(updated_node)

    def _leave(self, node: DefinitionNode) -> cst.BaseStatement:
        replacement = self.replaced.get(".".join(self.stack))
        self.stack.pop()
        return node if replacement is None else replacement.with_changes(leading_lines=node.leading_lines)


def _find_constant(body: Sequence[cst.CSTNode], name: str) -> int | None:
    for at, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            parts = CodeParts()
            _collect_simple(statement, parts)
            if name in parts.constants:
                return at
    return None


def _insertion_point(body: Sequence[cst.CSTNode], names: set[str]) -> int:
    """The index at which new definitions are inserted: before the first replaced one, else before the first
    definition, else at the end."""
    places = [at for at, node in enumerate(body) if isinstance(node, cst.FunctionDef | cst.ClassDef)]
    for at in places:
        node = body[at]
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.name.value in names:
            return at
    return places[0] if places else len(body)


def _end_of_imports(body: Sequence[cst.CSTNode]) -> int:
    after = 0
    for at, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            part = statement.body[0]
            docstring = at == 0 and isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString)
            if docstring or isinstance(part, cst.Import | cst.ImportFrom):
                after = at + 1
    return after


def _with_blank_lines(node: S, lines: int) -> S:
    comments = [line for line in getattr(node, "leading_lines", ()) if line.comment is not None]
    return node.with_changes(leading_lines=[*[cst.EmptyLine(indent=False)] * lines, *comments])


def _render_line(line: cst.SimpleStatementLine) -> str:
    return cst.Module([line.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())]).code.strip()
