"""Runs inside the sandbox: looks up signatures and similar names in the libraries of a program. Standard library only.

A small model remembers that an argument exists but not its name; the installed library has it. Calls nothing of the
libraries.
"""

import ast
import difflib
import inspect
import sys
from collections.abc import Mapping
from typing import Any

from naming_hook import resolve_name  # type: ignore[import-not-found]

MAX_CALLS = 40
MAX_TEXT = 300
MAX_SIMILAR_NAMES = 6


def find_signatures(source: str, namespace: Mapping[str, Any], own: Any, line: int = 0) -> dict[str, str]:
    """Dotted name as written in `source` -> arguments with defaults, for every library function that it calls. With
    `line`, only calls in the top-level statement around that line. Names that `namespace` can't resolve are left
    out."""
    arguments_by_name: dict[str, str] = {}
    for name in _called_names(source, line):
        text = _format_arguments(name, namespace, own)
        if text and len(arguments_by_name) < MAX_CALLS:
            arguments_by_name[name] = text
    return arguments_by_name


def find_similar_names(error: BaseException) -> list[str]:
    """The names in a module that are most similar to the one that an import or an attribute access did not find."""
    try:
        name, module = _missing_name(error)
        names = (
            [candidate for candidate in map(str, vars(module)) if not candidate.startswith("_")]
            if inspect.ismodule(module)
            else []
        )
        return difflib.get_close_matches(str(name), names, MAX_SIMILAR_NAMES, 0.5)
    except Exception:  # border: the exception may be the program's own and do anything
        return []


def _missing_name(error: BaseException) -> "tuple[object, object]":
    """The name that was not found and the object in which it was looked up."""
    if isinstance(error, AttributeError):
        return error.name, error.obj
    if isinstance(error, ImportError) and "import name '" in str(error):
        return str(error).split("import name '")[1].split("'")[0], sys.modules.get(error.name or "")
    return None, None


def _called_names(source: str, line: int) -> list[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    nodes = [node for node in tree.body if node.lineno <= line <= (node.end_lineno or 0)] if line else [tree]
    calls = [node.func for part in nodes for node in ast.walk(part) if isinstance(node, ast.Call)]
    return list(dict.fromkeys(ast.unparse(func) for func in calls if _is_dotted(func)))


def _is_dotted(node: ast.AST) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _format_arguments(name: str, namespace: Mapping[str, Any], own: Any) -> str:
    """The arguments of the library class or function of that name, or ""."""
    try:
        value = resolve_name(name, namespace)
        if not (inspect.isclass(value) or inspect.isroutine(value)) or own(_source_file(value)):
            return ""
        parameters = inspect.signature(value).parameters.values()
        return str(
            inspect.Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters])
        )[:MAX_TEXT]
    except Exception:  # border: no readable signature, or the program's own object
        return ""


def _source_file(value: Any) -> str:
    try:
        return inspect.getsourcefile(value) or ""
    except TypeError:  # a builtin has no source
        return ""
