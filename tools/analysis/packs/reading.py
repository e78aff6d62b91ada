"""Reads the tools of one Python file from its syntax tree. The file is never imported here.

A tool is a public top-level function whose first parameter is called `data` and whose docstring says what it produces.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.analysis.packs.annotations import read_annotation
from tools.analysis.packs.docstrings import read_doc
from tools.analysis.packs.spec import Parameter, Source, ToolSpec
from tools.functions.function import PackFault
from tools.functions.source import is_tool, list_parameters, parse_file


def read_file(path: Path, pack: str, root: Path, mount: str, module: str) -> Iterator[ToolSpec | PackFault]:
    """Yield the tools of `path` and its faults. `root`, `mount`, `module`: see `Source`."""
    try:
        body = parse_file(path).body
    except ValueError as error:
        yield PackFault(pack, "", str(error))
        return
    for node in body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and is_tool(node):
            try:
                yield _read_tool(node, pack, Source(root, mount, module, node.name))
            except ValueError as error:
                yield PackFault(pack, node.name, f"{path.name}:{node.lineno}: {error}")


def _read_tool(node: ast.FunctionDef, pack: str, source: Source) -> ToolSpec:
    text = ast.get_docstring(node) or ""
    parameters, doc = list_parameters(node.args)[1:], read_doc(text)
    return ToolSpec(
        name=node.name,
        pack=pack,
        summary=doc.summary,
        source=source,
        parameters={argument.arg: _read_parameter(argument, default) for argument, default in parameters},
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
