"""Gives a function of a reply the signature that its callers count on, where there is no doubt how.

`self` is added to a method or taken from a function that doesn't use it, `async` from one that awaits nothing; an
argument that lost its default gets it back; a new argument that no caller can give, named like a constant of the file,
has that constant as its default. Anything else stays as the reply has it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import libcst as cst
import libcst.matchers as m

_OWNERS = ("self", "cls")


def aligned(new: cst.FunctionDef, old: cst.FunctionDef, constants: Collection[str] = ()) -> cst.FunctionDef:
    """`new` with the old one's callers in mind; `constants` are the names of the file's."""
    if new.asynchronous is not None and old.asynchronous is None and not m.findall(new.body, m.Await()):
        new = new.with_changes(asynchronous=None)
    if new.params.posonly_params or old.params.posonly_params:
        return new
    params = _with_owner(new, old)
    known = {param.name.value: param for param in old.params.params}
    upper = {name.lower(): name for name in constants if name.isupper()}
    params = [_with_default(param, known, upper) for param in params]
    return new.with_changes(params=new.params.with_changes(params=params)) if _in_order(params) else new


def required(function: cst.FunctionDef) -> list[str]:
    """The names of the arguments a call must give."""
    return [param.name.value for param in function.params.params if param.default is None]


def _with_owner(new: cst.FunctionDef, old: cst.FunctionDef) -> Sequence[cst.Param]:
    """The arguments with `self` as the old function has it."""
    params, first = list(new.params.params), _first(old)
    if first in _OWNERS and _first(new) not in _OWNERS and not new.decorators:
        return [cst.Param(cst.Name(first)), *params]
    if _first(new) == "self" and first not in _OWNERS and not m.findall(new.body, m.Name("self")):
        return params[1:]
    return params


def _first(function: cst.FunctionDef) -> str:
    return function.params.params[0].name.value if function.params.params else ""


def _with_default(param: cst.Param, known: dict[str, cst.Param], upper: dict[str, str]) -> cst.Param:
    if param.default is not None:
        return param
    name = param.name.value
    if name in known:
        return _defaulted(param, known[name].default)
    return _defaulted(param, cst.Name(upper[name]) if name in upper else None)


def _defaulted(param: cst.Param, default: cst.BaseExpression | None) -> cst.Param:
    if default is None:
        return param
    blank = cst.SimpleWhitespace("" if param.annotation is None else " ")
    equal = cst.AssignEqual(whitespace_before=blank, whitespace_after=blank)
    return param.with_changes(default=default, equal=equal)


def _in_order(params: Sequence[cst.Param]) -> bool:
    """Whether no argument without a default follows one that has one."""
    kinds = [param.default is not None for param in params]
    return kinds == sorted(kinds)
