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
from tools.code.edits import apply
from tools.code.program import Function, Program

SETTERS = (ast.Assign, ast.AnnAssign)


def outcome(program: Program, target: str, reply: str) -> dict[str, Any]:
    """{"take": {path: source of what changed}, "fault": class or ""} or {"refuse": cause, "said": text}; the
    fault `imports` says that nothing else was taken."""
    try:
        new = apply(program, reply, target, only=(target,))
    except EditRefused as refused:
        return {"refuse": refused.cause, "said": str(refused)}
    paths = [path for path in program.files if new.files[path] != program.files[path]]
    changed = {path: changes(program.files[path], new.files[path]) for path in paths}
    take = {path: source for path, source in changed.items() if source}
    return {"take": take, "fault": fault(program, new, target) if take else "imports"}


def changes(old: str, new: str) -> str:
    """The top-level definitions and constants of `new` that differ from those of `old`, as normalised source."""
    before, after = statements(old), statements(new)
    return "\n".join(text for name, text in after.items() if before.get(name) != text)


def statements(text: str) -> dict[str, str]:
    """Name -> normalised source of each top-level definition or constant, docstrings left out."""
    return {name: ast.unparse(bare(node)) for name, node in _named(ast.parse(text))}


def bare(node: ast.stmt) -> ast.stmt:
    """The statement without docstrings."""
    for part in ast.walk(node):
        if isinstance(part, (*Function, ast.ClassDef)) and ast.get_docstring(part, clean=False) is not None:
            part.body = part.body[1:] or [ast.Pass()]
    return node


def fault(program: Program, new: Program, target: str) -> str:
    """Why an accepted reply leaves a program that can't run, where the reason may lie in what was taken: `stub` (a body
    without code), `no_return` (the old definition returned something), `lost` (a name that nothing binds), `call` (a
    caller's arguments no longer fit)."""
    path = target.partition("::")[0]
    was, now = program.definitions.get(target), new.definitions.get(target)
    if isinstance(was, Function) and isinstance(now, Function):
        if _empty(now):
            return "stub"
        if _returns(was) and not _returns(now):
            return "no_return"
    if _unbound(new.trees[path]) - _unbound(program.trees[path]):
        return "lost"
    if isinstance(now, Function) and not all(_fits(now, call) for call in _calls(new, now.name)):
        return "call"
    return ""


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, (*Function, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, SETTERS):
            first = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(first, ast.Name):
                yield first.id, node


def _unbound(tree: ast.Module) -> set[str]:
    """Names that are read and bound nowhere in the file, in whatever scope."""
    read, bound = set[str](), set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (*Function, ast.ClassDef, ast.ExceptHandler)) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {one.asname or one.name.partition(".")[0] for one in node.names}
    return read - bound


def _empty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in node.body
    )


def _returns(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(node))


def _calls(program: Program, name: str) -> Iterator[ast.Call]:
    for tree in program.trees.values():
        for part in ast.walk(tree):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == name:
                yield part


def _fits(node: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> bool:
    """Whether the call gives what the function takes; a call with stars is taken to fit."""
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(word.arg is None for word in call.keywords):
        return True
    try:
        _signature(node.args).bind(*call.args, **{str(word.arg): word.value for word in call.keywords})
    except TypeError:
        return False
    return True


def _signature(args: ast.arguments) -> inspect.Signature:
    kind, missing = inspect.Parameter, inspect.Parameter.empty
    plain = [*args.posonlyargs, *args.args]
    spare = [missing] * (len(plain) - len(args.defaults))
    found = [
        kind(arg.arg, kind.POSITIONAL_OR_KEYWORD, default=default)
        for arg, default in zip(plain, [*spare, *args.defaults], strict=True)
    ]
    found += [kind(args.vararg.arg, kind.VAR_POSITIONAL)] if args.vararg else []
    found += [
        kind(arg.arg, kind.KEYWORD_ONLY, default=missing if default is None else default)
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    return inspect.Signature([*found, *([kind(args.kwarg.arg, kind.VAR_KEYWORD)] if args.kwarg else [])])


def main() -> None:
    for raw in json.load(sys.stdin):
        program = Program(raw["files"], tuple(raw["editable"]))
        print(json.dumps(outcome(program, raw["target"], raw["reply"])))


if __name__ == "__main__":
    main()
