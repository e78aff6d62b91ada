"""Reads signatures and docstrings of the library functions and classes that a text names, from installed source files.

Nothing is imported and nothing is executed: source files are searched for the definition and parsed. Only the given
libraries are searched.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

MAX_FUNCTIONS = 3
PARAGRAPH = 240
SIGNATURE = 260
_NAME = re.compile(r"\b(?:\w+\.)*([A-Za-z]\w{3,})\b")
_SKIPPED = frozenset({"tests", "test", "testing", "_testing", "benchmarks", "_inductor", "_dynamo", "distributed"})


def describe_functions(text: str, libraries: Collection[str], budget: int) -> str:
    """Signature and first docstring paragraph of each function or class that `text` names, in the order of first
    mention, at most MAX_FUNCTIONS and `budget` characters."""
    descriptions, left = list[str](), budget
    for name in _code_like_names(text):
        description = next((candidate for root in sorted(libraries) if (candidate := _find_definition(root, name))), "")
        if description and len(description) < left and len(descriptions) < MAX_FUNCTIONS:
            descriptions.append(description)
            left -= len(description) + 1
    return "\n".join(descriptions)


def _code_like_names(text: str) -> list[str]:
    """The words of a text that look like code names: with an underscore or an inner capital letter."""
    words = (match[1] for match in _NAME.finditer(text))
    return list(dict.fromkeys(word for word in words if "_" in word.strip("_") or re.search("[a-z][A-Z]", word)))


@cache
def _find_definition(root: str, name: str) -> str:
    """The description of `name` from the source file with the shortest path that defines it at its top level, or ""."""
    head = re.compile(rb"^(?:class|def) %s\b" % name.encode(), re.MULTILINE)
    for file in _source_files(root):
        raw = file.read_bytes()
        if head.search(raw):
            return _describe_definition(raw, name)
    return ""


@cache
def _source_files(root: str) -> tuple[Path, ...]:
    """The library's source files, shortest path first. Locating a top-level package imports nothing."""
    spec = PathFinder.find_spec(root)
    places = list(spec.submodule_search_locations or ()) if spec else []
    files = (file for place in places for file in _walk(Path(place)))
    return tuple(sorted(files, key=lambda file: (len(file.parts), str(file))))


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in _SKIPPED:
            yield from _walk(entry)
        elif entry.suffix == ".py":
            yield entry


def _describe_definition(raw: bytes, name: str) -> str:
    try:
        tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError):  # a file for another version of Python
        return ""
    kinds = (ast.FunctionDef, ast.ClassDef)
    node = next((statement for statement in tree.body if isinstance(statement, kinds) and statement.name == name), None)
    if node is None:
        return ""
    paragraph = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())[:PARAGRAPH]
    return f"{name}({_format_arguments(node)}): {paragraph}".removesuffix(": ")


def _format_arguments(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Argument names and defaults without annotations; for a class, those of its `__init__`."""
    initializers = (
        statement for statement in node.body if isinstance(statement, ast.FunctionDef) and statement.name == "__init__"
    )
    function = next(initializers, None) if isinstance(node, ast.ClassDef) else node
    if function is None:
        return ""
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(function.args).removeprefix("self, ").removeprefix("self")[:SIGNATURE]
