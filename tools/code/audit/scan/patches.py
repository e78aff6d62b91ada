"""Finds code that replaces library functions for later callers: clocks, savers, metrics, imports."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from tools.code.audit.scan.source import Finding, Source, fold

CLOCKS = re.compile(r"(time|datetime)(\..+)?")
PATCHED = re.compile(
    r"(numpy|sklearn|scipy|builtins|json|os|io|pathlib|math|random|pickle|importlib|statistics)(\..+)?"
    r"|torch\.(save|load|manual_seed|equal|allclose)|sys\.(modules|meta_path|path_hooks|exit|settrace)|__builtins__"
)
HARMLESS = re.compile(r"os\.environ(\..*)?|numpy\.random\.\w*state\w*")
FREEZERS = re.compile(r"(freezegun|time_machine)\b.*|time\.clock_settime(_ns)?")


def find_patches(source: Source) -> Iterator[Finding]:
    for node in source.nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _check_assignment(source, node, target, node.value)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)) and node.value is not None:
            yield from _check_assignment(source, node, node.target, node.value)
    for call, full in source.calls():
        yield from _check_call(source, call, full)
    for node, full in source.references():
        if FREEZERS.fullmatch(full):
            yield source.finding(node, f"changes the clock: {full}")


def _check_assignment(source: Source, node: ast.AST, target: ast.AST, value: ast.AST) -> Iterator[Finding]:
    if isinstance(target, ast.Subscript):
        full = source.full(target.value)
        if full in {"sys.modules", "builtins.__dict__"}:
            yield source.finding(node, f"replaces a module or builtin: {full}")
    elif isinstance(target, ast.Attribute):
        yield from _check_name(source, node, source.full(target), value)


def _check_name(source: Source, node: ast.AST, full: str, value: ast.AST) -> Iterator[Finding]:
    if CLOCKS.fullmatch(full):
        yield source.finding(node, f"changes the clock: {full}")
    elif PATCHED.fullmatch(full) and not HARMLESS.fullmatch(full) and not _is_plain_value(value):
        yield source.finding(node, f"replaces a library function: {full}")


def _check_call(source: Source, call: ast.Call, full: str) -> Iterator[Finding]:
    name = getattr(call.func, "id", "")
    if name == "setattr" and len(call.args) == 3:
        owner, attribute = source.full(call.args[0]), fold(call.args[1]) or "?"
        if owner:
            yield from _check_name(source, call, f"{owner}.{attribute}", call.args[2])
    elif full in {"unittest.mock.patch", "mock.patch"} and call.args:
        yield from _check_name(source, call, fold(call.args[0]) or "", call)
    elif full in {"unittest.mock.patch.object", "mock.patch.object"} and len(call.args) >= 2:
        yield from _check_name(source, call, f"{source.full(call.args[0])}.{fold(call.args[1])}", call)


def _is_plain_value(value: ast.AST) -> bool:
    """Whether a value is a constant, or a type restored under an old name (`np.float = float`)."""
    type_names = {name for name, builtin in vars(builtins).items() if isinstance(builtin, type)}
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id in type_names)
