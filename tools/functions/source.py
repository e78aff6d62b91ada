"""What readers of packs share: a file's syntax tree, and a function's parameters. Nothing is imported."""

from __future__ import annotations

import ast
import re
from pathlib import Path

DATA = "data"
_PRODUCES = re.compile(r"^\s*Produces:\s*\S", re.MULTILINE)


def parse_file(path: Path) -> ast.Module:
    """Raises ValueError with one line: the file, the fault, and how to mend it."""
    try:
        return ast.parse(path.read_text("utf-8"))
    except SyntaxError as error:
        raise ValueError(f"{path.name}:{error.lineno}: {error.msg}; mend that line") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}: can't be read: {error}; save it as UTF-8") from None


def is_tool(node: ast.FunctionDef) -> bool:
    """Whether it is a tool of analyses: its first parameter is called `data`, its docstring says what it produces."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    takes_data = bool(arguments) and arguments[0].arg == DATA
    return takes_data and _PRODUCES.search(ast.get_docstring(node) or "") is not None


def list_parameters(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    """All parameters in their order, each with its default. Raises ValueError for *args and **kwargs."""
    if arguments.vararg or arguments.kwarg:
        raise ValueError("takes *args or **kwargs; name every parameter")
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    return [
        *zip(positional, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
