"""Represents a program under research: its files as text, the addresses in them, and comparison by meaning.

An address is `path::qualified.name` of a top-level function, a class or a method, or `path::top-level` for the
statements outside definitions. Definitions inside functions or under `if` have no address.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from memory.artifacts import ArtifactStore
from tools.code.program.toplevel import statements

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FUNCTION_NODES = (ast.FunctionDef, ast.AsyncFunctionDef)
FIXED_MARK = "pelagos: fixed"
_COMMAND_LINE = frozenset({"parse_args", "get_args", "parse_arguments"})


@dataclass(frozen=True)
class Program:
    """`files` maps posix paths to texts, in the task's order. `editable` are the paths that a change may edit."""

    files: Mapping[str, str]
    editable: tuple[str, ...]

    @cached_property
    def trees(self) -> Mapping[str, ast.Module]:
        """Path -> syntax tree of each Python file that parses."""
        trees = {}
        for path, text in self.files.items():
            tree = _parse(text) if path.endswith(".py") else None
            if tree is not None:
                trees[path] = tree
        return trees

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """Address -> definition, in file order."""
        return {
            f"{path}::{name}": node for path, tree in self.trees.items() for name, node in iterate_definitions(tree)
        }

    def node(self, address: str) -> Definition | ast.Module | None:
        """The definition, or a module that consists of the top-level code; None for an unknown address."""
        path, _, name = address.partition("::")
        if name != statements.TOP_LEVEL or path not in self.trees:
            return self.definitions.get(address)
        code = statements.top_level_statements(self.trees[path])
        return ast.Module(code, []) if code else None

    def lines(self, address: str) -> dict[int, str]:
        """Line number (from 1) -> line of the code at an address, including decorators. Raises KeyError for an unknown
        address."""
        path, _, name = address.partition("::")
        lines = self.files[path].splitlines()
        if name == statements.TOP_LEVEL:
            return {at: lines[at - 1] for at in statements.shown_line_numbers(self.trees[path], lines)}
        node = self.definitions[address]
        return {at: lines[at - 1] for at in range(first_line(node), (node.end_lineno or 0) + 1)}

    def source(self, address: str) -> str:
        """The lines at an address as text. Raises KeyError for an unknown address."""
        return "\n".join(self.lines(address).values())

    def with_files(self, changed: Mapping[str, str]) -> Program:
        return Program({**self.files, **changed}, self.editable)

    def differs(self, other: Program) -> bool:
        """Whether the meaning differs; comments, docstrings and formatting are ignored."""
        return any(normalize(text) != normalize(other.files.get(path, "")) for path, text in self.files.items())

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


def find_targets(program: Program) -> dict[str, str]:
    """Address -> first docstring line of each target that a hypothesis may name: editable top-level functions and
    classes, and top-level code that does the program's work.

    Entry points and code that reads the command line or files are left out, unless they train or nothing else remains.
    Code marked `# pelagos: fixed` is always left out.
    """
    candidates = {
        address: node
        for path in program.editable
        for address, node in _candidate_targets(program, path)
        if not _is_fixed(program, address)
    }
    own_names = {node.name for node in program.definitions.values()}
    preferred = {
        a: node
        for a, node in candidates.items()
        if not _is_task_interface(node) or statements.calls_training(node, own_names)
    }
    return {address: _describe_target(program, address, node) for address, node in (preferred or candidates).items()}


def _candidate_targets(program: Program, path: str) -> Iterator[tuple[str, Definition | ast.Module]]:
    """The addresses of a file that a hypothesis might name; the top-level code is last."""
    for address, node in program.definitions.items():
        name = address.removeprefix(f"{path}::")
        if name != address and "." not in name and name not in _COMMAND_LINE:
            yield address, node
    top_level = f"{path}::{statements.TOP_LEVEL}"
    top_level_node = program.node(top_level)
    if top_level_node is not None:
        yield top_level, top_level_node


def _describe_target(program: Program, address: str, node: Definition | ast.Module) -> str:
    if isinstance(node, ast.Module):
        doc = ast.get_docstring(program.trees[address.partition("::")[0]]) or ""
        return f"The script itself: all but its imports and definitions. {doc}".strip().partition("\n")[0]
    return (ast.get_docstring(node) or "").strip().partition("\n")[0]


def _is_fixed(program: Program, address: str) -> bool:
    lines, node = program.files[address.partition("::")[0]].splitlines(), program.definitions.get(address)
    if node is None:
        return any(FIXED_MARK in line for line in program.lines(address).values())
    return any(FIXED_MARK in line for line in lines[max(0, first_line(node) - 2) : node.body[0].lineno])


def _is_task_interface(node: Definition | ast.Module) -> bool:
    """Whether code belongs to the task's interface, which no hypothesis changes: it starts the program, reads the
    command line or files, or is top-level code that only defines constants."""
    if isinstance(node, ast.Module):
        return not statements.does_work(node.body)
    return node.name == "main" or any(_reads_input(part) for part in ast.walk(node))


def _reads_input(part: ast.AST) -> bool:
    if isinstance(part, ast.Name):
        return part.id in {"argparse", "open"}
    return isinstance(part, ast.Attribute) and part.attr in {"load", "read_text", "read_csv"}


def iterate_definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """(qualified name, definition) of each top-level function, class and method, in file order."""
    for node in tree.body:
        if isinstance(node, (*FUNCTION_NODES, ast.ClassDef)):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, (*FUNCTION_NODES, ast.ClassDef)):
                    yield f"{node.name}.{inner.name}", inner


def first_line(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def normalize(text: str) -> str:
    """The dumped syntax tree without docstrings; the text itself if it does not parse."""
    tree = _parse(text)
    if tree is None:
        return text
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, *FUNCTION_NODES, ast.ClassDef))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
