"""Code that hides what it does: executed texts that were decoded first, imports under a name put together."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.code.audit.source import DECODERS, Finding, Source, fold

EXECUTORS = frozenset({"exec", "eval", "compile"})
IMPORTERS = frozenset({"__import__", "importlib.import_module"})


def disguise(source: Source) -> Iterator[Finding]:
    for call, full in source.calls():
        name = getattr(call.func, "id", "") or full
        if not call.args:
            continue
        if name in EXECUTORS and _decoded(call.args[0], source):
            yield source.finding(call, f"executes a text that it decodes first: {name}")
        if name in IMPORTERS and not isinstance(call.args[0], ast.Constant):
            hidden = fold(call.args[0])
            if hidden:
                yield source.finding(call, f"hides what it imports: {hidden}")


def _decoded(node: ast.AST, source: Source) -> bool:
    if not isinstance(node, ast.Constant) and fold(node):
        return True
    return any(isinstance(part, ast.Call) and source.full(part.func) in DECODERS for part in ast.walk(node))
