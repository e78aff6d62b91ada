"""Runs inside the sandbox: what the libraries that a program calls really offer. Standard library only.

A small model remembers that there is such an argument, not what it is called; the installed library knows. Says only
what can be looked up without calling anything.
"""

import ast
import difflib
import inspect
import sys
from collections.abc import Mapping
from typing import Any

CALLS = 40
TEXT = 300
NEAR = 6


def signatures(source: str, namespace: Mapping[str, Any], own: Any, line: int = 0) -> dict[str, str]:
    """Dotted name as written in `source` -> arguments with their defaults, of every library function it calls; with
    `line` only in the top-level definition around that line. Names that `namespace` can't resolve are left out."""
    found: dict[str, str] = {}
    for name in _called(source, line):
        text = _arguments(name, namespace, own)
        if text and len(found) < CALLS:
            found[name] = text
    return found


def near(error: BaseException) -> list[str]:
    """The names most like the one that an import or an attribute access didn't find, in the module that was asked."""
    try:
        name, where = _asked(error)
        names = [one for one in map(str, vars(where)) if not one.startswith("_")] if inspect.ismodule(where) else []
        return difflib.get_close_matches(str(name), names, NEAR, 0.5)
    except Exception:  # border: the exception and what it carries may be the program's own, and do anything
        return []


def _asked(error: BaseException) -> "tuple[object, object]":
    """The name that wasn't found and where it was looked for."""
    if isinstance(error, AttributeError):
        return error.name, error.obj
    if isinstance(error, ImportError) and "import name '" in str(error):
        return str(error).split("import name '")[1].split("'")[0], sys.modules.get(error.name or "")
    return None, None


def _called(source: str, line: int) -> list[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    around = [node for node in tree.body if node.lineno <= line <= (node.end_lineno or 0)] if line else [tree]
    calls = [node.func for part in around for node in ast.walk(part) if isinstance(node, ast.Call)]
    return list(dict.fromkeys(ast.unparse(func) for func in calls if _is_dotted(func)))


def _is_dotted(node: ast.AST) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _resolved(name: str, namespace: Mapping[str, Any]) -> Any:
    """Only modules are looked into: an attribute of any other value may be code of the program's own."""
    first, *rest = name.split(".")
    value = namespace.get(first)
    for part in rest:
        value = vars(value).get(part) if inspect.ismodule(value) else None
    return value


def _arguments(name: str, namespace: Mapping[str, Any], own: Any) -> str:
    """The arguments of a library's class or function of that name, or ""."""
    try:
        value = _resolved(name, namespace)
        if not (inspect.isclass(value) or inspect.isroutine(value)) or own(_file(value)):
            return ""
        given = inspect.signature(value).parameters.values()
        return str(inspect.Signature([one.replace(annotation=inspect.Parameter.empty) for one in given]))[:TEXT]
    except Exception:  # border: without a readable signature, or the program's own, which may do anything
        return ""


def _file(value: Any) -> str:
    try:
        return inspect.getsourcefile(value) or ""
    except TypeError:  # a builtin has no source
        return ""
