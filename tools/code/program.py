"""A program under research: its files as text, the addresses in them, and whether two programs differ in meaning.

An address is `path::qualified.name` of a top-level function, a class or a method, or `path::top-level` for the
statements between them. Definitions inside functions or under `if` have no address of their own.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from memory.artifacts import ArtifactStore
from tools.code.toplevel import statements

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
MARK = "pelagos: fixed"
_COMMAND_LINE = frozenset({"parse_args", "get_args", "parse_arguments"})


@dataclass(frozen=True)
class Program:
    """`files`: posix path -> text, as the task lists them. `editable`: those a change may touch."""

    files: Mapping[str, str]
    editable: tuple[str, ...]

    @cached_property
    def trees(self) -> Mapping[str, ast.Module]:
        """Syntax trees of the files that parse; a file that doesn't is left out."""
        trees = {}
        for path, text in self.files.items():
            tree = _parse(text) if path.endswith(".py") else None
            if tree is not None:
                trees[path] = tree
        return trees

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """Address -> definition, in file order."""
        return {f"{path}::{name}": node for path, tree in self.trees.items() for name, node in named(tree)}

    def node(self, address: str) -> Definition | ast.Module | None:
        """The definition, or a module of the top-level code alone; None for an unknown address."""
        path, _, name = address.partition("::")
        if name != statements.NAME or path not in self.trees:
            return self.definitions.get(address)
        code = statements.statements(self.trees[path])
        return ast.Module(code, []) if code else None

    def lines(self, address: str) -> dict[int, str]:
        """The lines at an address by their number in the file, decorators included. Raises KeyError for an unknown
        address."""
        path, _, name = address.partition("::")
        lines = self.files[path].splitlines()
        if name == statements.NAME:
            return {at: lines[at - 1] for at in statements.numbers(self.trees[path], lines)}
        node = self.definitions[address]
        return {at: lines[at - 1] for at in range(first_line(node), (node.end_lineno or 0) + 1)}

    def source(self, address: str) -> str:
        """The lines at an address as text. Raises KeyError for an unknown address."""
        return "\n".join(self.lines(address).values())

    def with_files(self, changed: Mapping[str, str]) -> Program:
        return Program({**self.files, **changed}, self.editable)

    def differs(self, other: Program) -> bool:
        """Whether the meaning differs: comments, docstrings and formatting don't count."""
        return any(meaning(text) != meaning(other.files.get(path, "")) for path, text in self.files.items())

    def diff(self, other: Program) -> str:
        """Unified diff from `other` to this one."""
        parts: list[str] = []
        for path in sorted({*self.files, *other.files}):
            old, new = other.files.get(path, ""), self.files.get(path, "")
            parts += difflib.unified_diff(
                old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}"
            )
        return "".join(line if line.endswith("\n") else line + "\n" for line in parts)

    def store(self, artifacts: ArtifactStore) -> str:
        return artifacts.put_json({"files": dict(self.files), "editable": list(self.editable)})

    @classmethod
    def load(cls, artifacts: ArtifactStore, content: str) -> Program:
        stored = artifacts.json(content)
        return cls(stored["files"], tuple(stored["editable"]))


def targets(program: Program) -> dict[str, str]:
    """Address -> first docstring line of what a hypothesis may name: top-level functions and classes to edit, and the
    top-level code where it does a program's work.

    Entry points and what reads the command line or files are left out unless the training is done in them or there is
    nothing else; what is marked `# pelagos: fixed` always is.
    """
    free = {
        address: node
        for path in program.editable
        for address, node in _inside(program, path)
        if not _is_marked(program, address)
    }
    own = {node.name for node in program.definitions.values()}
    better = {a: node for a, node in free.items() if not _is_contract(node) or statements.trains(node, own)}
    return {address: _told(program, address, node) for address, node in (better or free).items()}


def _inside(program: Program, path: str) -> Iterator[tuple[str, Definition | ast.Module]]:
    """The addresses of a file that a hypothesis might name, its top-level code last."""
    for address, node in program.definitions.items():
        name = address.removeprefix(f"{path}::")
        if name != address and "." not in name and name not in _COMMAND_LINE:
            yield address, node
    top_level = f"{path}::{statements.NAME}"
    code = program.node(top_level)
    if code is not None:
        yield top_level, code


def _told(program: Program, address: str, node: Definition | ast.Module) -> str:
    if isinstance(node, ast.Module):
        doc = ast.get_docstring(program.trees[address.partition("::")[0]]) or ""
        return f"The script itself: all but its imports and definitions. {doc}".strip().partition("\n")[0]
    return (ast.get_docstring(node) or "").strip().partition("\n")[0]


def _is_marked(program: Program, address: str) -> bool:
    lines, node = program.files[address.partition("::")[0]].splitlines(), program.definitions.get(address)
    if node is None:
        return any(MARK in line for line in program.lines(address).values())
    return any(MARK in line for line in lines[max(0, first_line(node) - 2) : node.body[0].lineno])


def _is_contract(node: Definition | ast.Module) -> bool:
    """Whether it is what the task says that a program does, which is not an idea's business: starting it, reading the
    command line and files; and top-level code that only names constants or prepares the rest."""
    if isinstance(node, ast.Module):
        return not statements.works(node.body)
    return node.name == "main" or any(_reads(part) for part in ast.walk(node))


def _reads(part: ast.AST) -> bool:
    if isinstance(part, ast.Name):
        return part.id in {"argparse", "open"}
    return isinstance(part, ast.Attribute) and part.attr in {"load", "read_text", "read_csv"}


def named(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """(qualified name, definition) of top-level functions, classes and methods."""
    for node in tree.body:
        if isinstance(node, (*Function, ast.ClassDef)):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, (*Function, ast.ClassDef)):
                    yield f"{node.name}.{inner.name}", inner


def first_line(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def meaning(text: str) -> str:
    """The syntax tree without docstrings, as text; of what doesn't parse, the text itself."""
    tree = _parse(text)
    if tree is None:
        return text
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, *Function, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
