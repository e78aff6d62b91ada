"""Makes small faults of Python code: lists what may replace each of its nodes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import singledispatch
from typing import Any

FLIPS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,), ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}  # fmt: skip
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
FIXED = {"annotation", "returns", "decorator_list", "bases"}
DELETED = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)


def find_places(node: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None]]]:
    """Yield each node below that may be changed, and the function that replaces it."""
    for field, value in ast.iter_fields(node):
        inside = isinstance(node, ast.Subscript) and isinstance(value, ast.Tuple)  # the parameters of a type
        if field in FIXED or inside or isinstance(value, ast.JoinedStr | ast.Assert):
            continue
        for place, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr | ast.Assert):
                yield child, _make_putter(node, field, place if isinstance(value, list) else None)
                yield from find_places(child)


def _make_putter(node: ast.AST, field: str, place: int | None) -> Callable[[ast.AST], None]:
    def put(new: ast.AST) -> None:
        if place is None:
            setattr(node, field, new)
        else:
            getattr(node, field)[place] = new

    return put


@singledispatch
def list_changes(node: Any) -> Iterator[ast.AST]:
    """Yield what may replace `node`."""
    yield from ()


@list_changes.register
def _(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        for other in FLIPS[type(operator)]:
            yield _copy_with(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


@list_changes.register
def _(node: ast.BinOp) -> Iterator[ast.AST]:
    yield from (_copy_with(node, op=other()) for other in FLIPS.get(type(node.op), ()))
    yield node.left


@list_changes.register
def _(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield from (_copy_with(node, op=other()) for other in FLIPS[type(node.op)])
    yield from (_copy_with(node, values=left) for left in _list_shorter(node.values))


@list_changes.register
def _(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


@list_changes.register
def _(node: ast.IfExp) -> Iterator[ast.AST]:
    yield from (node.body, node.orelse)


@list_changes.register
def _(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool | int | float):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)


@list_changes.register
def _(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and (twin := TWINS.get(node.func.id)):
        yield _copy_with(node, func=ast.Name(twin, ast.Load()), keywords=[] if twin == "list" else node.keywords)
    yield from (_copy_with(node, keywords=left) for left in _list_shorter(node.keywords, least=0))


@list_changes.register
def _(node: ast.Slice) -> Iterator[ast.AST]:
    yield from (_copy_with(node, **{end: None}) for end in ("lower", "upper") if getattr(node, end))


@list_changes.register
def _(node: ast.comprehension) -> Iterator[ast.AST]:
    yield from (_copy_with(node, ifs=left) for left in _list_shorter(node.ifs, least=0))


@list_changes.register
def _(node: ast.Tuple | ast.List | ast.Set) -> Iterator[ast.AST]:
    if not isinstance(getattr(node, "ctx", None), ast.Store):
        yield from (_copy_with(node, elts=left) for left in _list_shorter(node.elts))


@list_changes.register
def _(node: ast.Dict) -> Iterator[ast.AST]:
    for keys, values in zip(_list_shorter(node.keys), _list_shorter(node.values), strict=True):
        yield _copy_with(node, keys=keys, values=values)


@list_changes.register
def _(node: ast.stmt) -> Iterator[ast.AST]:
    told = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if told or stored or isinstance(node, DELETED):
        yield ast.Pass()
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "True"):
            yield _copy_with(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.With):
        yield ast.If(ast.Constant(True), node.body, [])


def _copy_with(node: ast.AST, **parts: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in parts.items():
        setattr(new, name, value)
    return new


def _list_shorter(parts: list[Any], least: int = 1) -> list[list[Any]]:
    """Yield the list without each of its parts in turn, where `least` are left."""
    return [[*parts[:place], *parts[place + 1 :]] for place in range(len(parts)) if len(parts) > least]
