"""Finds obfuscated code: texts that are decoded and then executed, and imports under a composed name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.code.audit.scan.source import DECODERS, Finding, Source, fold

EXECUTORS = frozenset({"exec", "eval", "compile"})
IMPORTERS = frozenset({"__import__", "importlib.import_module"})


def find_obfuscation(source: Source) -> Iterator[Finding]:
    for call, full in source.calls():
        name = getattr(call.func, "id", "") or full
        if not call.args:
            continue
        if name in EXECUTORS and _is_decoded(call.args[0], source):
            yield source.finding(call, f"executes a text that it decodes first: {name}")
        if name in IMPORTERS and not isinstance(call.args[0], ast.Constant):
            hidden = fold(call.args[0])
            if hidden:
                yield source.finding(call, f"hides what it imports: {hidden}")


def _is_decoded(node: ast.AST, source: Source) -> bool:
    if not isinstance(node, ast.Constant) and fold(node):
        return True
    return any(isinstance(part, ast.Call) and source.full(part.func) in DECODERS for part in ast.walk(node))
