"""Aligns the signature of a reply's function with its callers, if the correction is unambiguous.

`self` is added to a method or removed from a function that does not use it; `async` is removed from a function without
`await`; an argument that lost its default gets it back; a new argument named like a constant of the file gets that
constant as its default. Everything else stays as in the reply.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import libcst as cst
import libcst.matchers as m

_OWNERS = ("self", "cls")


def align_signature(new: cst.FunctionDef, old: cst.FunctionDef, constants: Collection[str] = ()) -> cst.FunctionDef:
    """`new` with a signature that fits the callers of `old`. `constants` are the names of the file's constants."""
    if new.asynchronous is not None and old.asynchronous is None and not m.findall(new.body, m.Await()):
        new = new.with_changes(asynchronous=None)
    if new.params.posonly_params or old.params.posonly_params:
        return new
    params = _align_owner(new, old)
    old_params = {param.name.value: param for param in old.params.params}
    constants_by_lower_name = {name.lower(): name for name in constants if name.isupper()}
    params = [_restore_default(param, old_params, constants_by_lower_name) for param in params]
    return new.with_changes(params=new.params.with_changes(params=params)) if _has_valid_order(params) else new


def required_arguments(function: cst.FunctionDef) -> list[str]:
    """The names of the arguments without a default."""
    return [param.name.value for param in function.params.params if param.default is None]


def _align_owner(new: cst.FunctionDef, old: cst.FunctionDef) -> Sequence[cst.Param]:
    """The arguments with `self` added or removed as in the old function."""
    params, first = list(new.params.params), _first_argument(old)
    if first in _OWNERS and _first_argument(new) not in _OWNERS and not new.decorators:
        return [cst.Param(cst.Name(first)), *params]
    if _first_argument(new) == "self" and first not in _OWNERS and not m.findall(new.body, m.Name("self")):
        return params[1:]
    return params


def _first_argument(function: cst.FunctionDef) -> str:
    return function.params.params[0].name.value if function.params.params else ""


def _restore_default(
    param: cst.Param, old_params: dict[str, cst.Param], constants_by_lower_name: dict[str, str]
) -> cst.Param:
    if param.default is not None:
        return param
    name = param.name.value
    if name in old_params:
        return _set_default(param, old_params[name].default)
    return _set_default(param, cst.Name(constants_by_lower_name[name]) if name in constants_by_lower_name else None)


def _set_default(param: cst.Param, default: cst.BaseExpression | None) -> cst.Param:
    if default is None:
        return param
    blank = cst.SimpleWhitespace("" if param.annotation is None else " ")
    equal = cst.AssignEqual(whitespace_before=blank, whitespace_after=blank)
    return param.with_changes(default=default, equal=equal)


def _has_valid_order(params: Sequence[cst.Param]) -> bool:
    """Whether no argument without a default follows one with a default."""
    kinds = [param.default is not None for param in params]
    return kinds == sorted(kinds)
