"""What the code of a checkout makes of a reply: the definitions it takes, or the cause for which it refuses.

Imports nothing of the benchmarks, so that it also runs with the code of another checkout:
`PYTHONPATH=CHECKOUT python benchmarks/replies/outcome.py < replies.json`, as the collector does.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any

from pelagos.errors import EditRefused
from tools.code.program.edits import apply
from tools.code.program.program import FUNCTION_NODES, Program

SETTERS = (ast.Assign, ast.AnnAssign)


def compute_outcome(program: Program, target: str, reply: str) -> dict[str, Any]:
    """{"take": {path: source of what changed}, "fault": class or ""} or {"refuse": cause, "said": text}; the
    fault `imports` says that nothing else was taken."""
    try:
        new = apply(program, reply, target, only=(target,))
    except EditRefused as refused:
        return {"refuse": refused.cause, "said": str(refused)}
    paths = [path for path in program.files if new.files[path] != program.files[path]]
    changed = {path: find_changes(program.files[path], new.files[path]) for path in paths}
    take = {path: source for path, source in changed.items() if source}
    return {"take": take, "fault": find_fault(program, new, target) if take else "imports"}


def find_changes(old: str, new: str) -> str:
    """Return the top-level definitions and constants of `new` that differ from those of `old`, as normalised source."""
    before, after = parse_statements(old), parse_statements(new)
    return "\n".join(text for name, text in after.items() if before.get(name) != text)


def parse_statements(text: str) -> dict[str, str]:
    """Return name -> normalised source of each top-level definition or constant, without docstrings."""
    return {name: ast.unparse(strip_docstrings(node)) for name, node in _list_named(ast.parse(text))}


def strip_docstrings(node: ast.stmt) -> ast.stmt:
    """Remove the statement's docstrings and return it."""
    for part in ast.walk(node):
        if isinstance(part, (*FUNCTION_NODES, ast.ClassDef)) and ast.get_docstring(part, clean=False) is not None:
            part.body = part.body[1:] or [ast.Pass()]
    return node


def find_fault(program: Program, new: Program, target: str) -> str:
    """Return why an accepted reply leaves a program that can't run, "" if nothing is found: `stub` (a body
    without code), `no_return` (the old definition returned something), `lost` (a name that nothing binds), `call` (a
    caller's arguments no longer fit)."""
    path = target.partition("::")[0]
    was, now = program.definitions.get(target), new.definitions.get(target)
    if isinstance(was, FUNCTION_NODES) and isinstance(now, FUNCTION_NODES):
        if _is_empty(now):
            return "stub"
        if _returns_value(was) and not _returns_value(now):
            return "no_return"
    if _find_unbound(new.trees[path]) - _find_unbound(program.trees[path]):
        return "lost"
    if isinstance(now, FUNCTION_NODES) and not all(_fits(now, call) for call in _find_calls(new, now.name)):
        return "call"
    return ""


def _list_named(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, (*FUNCTION_NODES, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, SETTERS):
            first = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(first, ast.Name):
                yield first.id, node


def _find_unbound(tree: ast.Module) -> set[str]:
    """Return the names that are read in the file and bound in none of its scopes."""
    read, bound = set[str](), set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (*FUNCTION_NODES, ast.ClassDef, ast.ExceptHandler)) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return read - bound


def _is_empty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in node.body
    )


def _returns_value(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(node))


def _find_calls(program: Program, name: str) -> Iterator[ast.Call]:
    for tree in program.trees.values():
        for part in ast.walk(tree):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == name:
                yield part


def _fits(node: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> bool:
    """Whether the call gives what the function takes; a call with stars is taken to fit."""
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(word.arg is None for word in call.keywords):
        return True
    try:
        _make_signature(node.args).bind(*call.args, **{str(word.arg): word.value for word in call.keywords})
    except TypeError:
        return False
    return True


def _make_signature(args: ast.arguments) -> inspect.Signature:
    kind, missing = inspect.Parameter, inspect.Parameter.empty
    positional = [*args.posonlyargs, *args.args]
    no_defaults = [missing] * (len(positional) - len(args.defaults))
    parameters = [
        kind(arg.arg, kind.POSITIONAL_OR_KEYWORD, default=default)
        for arg, default in zip(positional, [*no_defaults, *args.defaults], strict=True)
    ]
    parameters += [kind(args.vararg.arg, kind.VAR_POSITIONAL)] if args.vararg else []
    parameters += [
        kind(arg.arg, kind.KEYWORD_ONLY, default=missing if default is None else default)
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    return inspect.Signature([*parameters, *([kind(args.kwarg.arg, kind.VAR_KEYWORD)] if args.kwarg else [])])


def main() -> None:
    for raw in json.load(sys.stdin):
        program = Program(raw["files"], tuple(raw["editable"]))
        print(json.dumps(compute_outcome(program, raw["target"], raw["reply"])))


if __name__ == "__main__":
    main()
