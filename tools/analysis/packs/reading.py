"""Reads the tools of one Python file from its syntax tree. The file is never imported here.

A tool is a public top-level function whose first parameter is called `data` and whose docstring says what it produces.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.analysis.packs.annotations import read_annotation
from tools.analysis.packs.docstrings import is_tool_doc, read_doc
from tools.analysis.packs.spec import PackFault, Parameter, Source, ToolSpec

DATA = "data"


def read_file(path: Path, pack: str, root: Path, mount: str, module: str) -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of `path` and its faults. `root`, `mount`, `module`: see `Source`."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except SyntaxError as error:
        yield PackFault(pack, "", f"{path.name}:{error.lineno}: {error.msg}")
        return
    except (OSError, ValueError) as error:
        yield PackFault(pack, "", f"{path.name}: can't be read: {error}")
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_tool(node):
            try:
                yield _read_tool(node, pack, Source(root, mount, module, node.name))
            except ValueError as error:
                yield PackFault(pack, node.name, f"{path.name}:{node.lineno}: {error}")


def _is_tool(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args]
    first = arguments[0].arg if arguments else ""
    return not node.name.startswith("_") and first == DATA and is_tool_doc(ast.get_docstring(node) or "")


def _read_tool(node: ast.FunctionDef, pack: str, source: Source) -> ToolSpec:
    text = ast.get_docstring(node) or ""
    doc = read_doc(text)
    return ToolSpec(
        name=node.name,
        pack=pack,
        summary=doc.summary,
        source=source,
        parameters={parameter.name: parameter for parameter in _read_parameters(node.args)},
        produces=doc.produces,
        relation=doc.relation,
        requires=doc.requires,
        refuses=doc.refuses,
        refuses_missing=doc.refuses_missing,
        removes=doc.removes,
        seconds=doc.seconds,
        libraries=doc.libraries,
        example=doc.example,
        doc=text,
    )


def _read_parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    if arguments.vararg or arguments.kwarg:
        raise ValueError("takes *args or **kwargs; name every parameter")
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    for argument, default in pairs[1:]:
        yield _read_parameter(argument, default)


def _read_parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    try:
        schema, word = read_annotation(argument.annotation)
        value = None if default is None else _read_default(default)
    except ValueError as error:
        raise ValueError(f"parameter {argument.arg}: {error}") from None
    return Parameter(argument.arg, schema, word, list(value) if isinstance(value, tuple) else value, default is None)


def _read_default(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"the default {ast.unparse(node)} must be written out, as a literal") from None
