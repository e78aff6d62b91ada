"""Reads the functions of one Python file from its syntax tree. The file is never imported here.

Every public function of a file counts: it needs a type on each parameter and a docstring. The first parameter `data` of
a tool of analyses needs no type: it is an AnnData. A function `draw_NAME` beside the tool NAME draws its figure and
isn't listed. What is no tool begins with _.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

from pelagos.visible import make_one_line
from tools.functions.function import Function, PackFault
from tools.functions.source import is_tool, list_parameters, parse_file

DRAW = "draw_"
HIDDEN = "or let its name begin with _ if it is no tool"
SUMMARY_CHARS = 200


def read_functions(path: Path, pack: str, module: str) -> Iterator[Function | PackFault]:
    """Yield the functions of `path`, imported from `module`, and a fault for each that can't be used."""
    try:
        body = parse_file(path).body
    except ValueError as error:
        yield PackFault(pack, "", str(error))
        return
    nodes = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    names = {node.name for node in nodes}
    for node in nodes:
        if node.name.startswith("_") or node.name.removeprefix(DRAW) in names - {node.name}:
            continue
        place = f"{path.name}:{node.lineno}"
        if isinstance(node, ast.AsyncFunctionDef):
            yield PackFault(pack, node.name, f"{place}: is async; write a plain function, {HIDDEN}")
        elif fault := _find_fault(node):
            yield PackFault(pack, node.name, f"{place}: {fault}")
        else:
            yield Function(node.name, pack, module, _write_head(node), _summarize(node))


def _find_fault(node: ast.FunctionDef) -> str:
    """What has to be mended for a program to call the function; "" for nothing."""
    if hasattr(builtins, node.name):
        return f"hides Python's own {node.name!r}; give it another name"
    try:
        parameters = list_parameters(node.args)[1 if is_tool(node) else 0 :]
    except ValueError as error:
        return f"{error}, {HIDDEN}"
    if untyped := [argument.arg for argument, _ in parameters if argument.annotation is None]:
        first = untyped[0]
        subject = "parameters have" if len(untyped) > 1 else "parameter has"
        return f"{subject} no type: {', '.join(untyped)}; write '{first}: float' or what it is, {HIDDEN}"
    if not (ast.get_docstring(node) or "").strip():
        return f"has no docstring; say in its first line what it returns, with shapes and units, {HIDDEN}"
    return ""


def _write_head(node: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _summarize(node: ast.FunctionDef) -> str:
    text = (ast.get_docstring(node) or "").strip().split("\n\n")[0]
    return make_one_line(text, SUMMARY_CHARS)
