"""A program under research: its files as text, the addresses in them, and whether two programs differ in meaning.

An address is `path::qualified.name` of a top-level function, a class or a method. Definitions inside functions or
under `if` have no address of their own.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from memory.artifacts import ArtifactStore

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
MARK = "pelagos: fixed"
_ENTRY_NAMES = frozenset({"main", "parse_args", "get_args", "parse_arguments"})


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

    def source(self, address: str) -> str:
        """The definition's own lines, decorators included. Raises KeyError for an unknown address."""
        node, lines = self.definitions[address], self.files[address.partition("::")[0]].splitlines()
        return "\n".join(lines[first_line(node) - 1 : node.end_lineno])

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
    """Address -> first docstring line of what a hypothesis may name: top-level functions and classes to edit.

    Entry points (`main`, whatever reads the command line or files) and what is marked `# pelagos: fixed` are left out.
    """
    found = {}
    for address, node in program.definitions.items():
        path, _, name = address.partition("::")
        if path in program.editable and "." not in name and not _is_fixed(program, address, node):
            found[address] = (ast.get_docstring(node) or "").strip().partition("\n")[0]
    return found


def _is_fixed(program: Program, address: str, node: Definition) -> bool:
    lines = program.files[address.partition("::")[0]].splitlines()
    marked = any(MARK in line for line in lines[max(0, first_line(node) - 2) : node.body[0].lineno])
    return marked or node.name in _ENTRY_NAMES or any(_reads(part) for part in ast.walk(node))


def _reads(part: ast.AST) -> bool:
    """Whether it reads the command line or a file: the task's contract, not an idea's business."""
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
