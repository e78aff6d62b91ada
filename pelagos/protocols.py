"""Reads the members of a protocol off its class, and says what an object lacks of it.

So no list of required members stands beside a protocol, where it could lag behind.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from inspect import Parameter, Signature
from typing import Generic, NamedTuple, Protocol

PLAIN = {"str": str, "int": int, "bool": bool, "float": float}
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class Member(NamedTuple):
    """A member of a protocol. `signature` is that of a method, without `self`; None for an attribute, whose `type` is
    its annotation as text. `empty` is what a class that inherits from the protocol has if it defines nothing."""

    name: str
    signature: Signature | None
    type: str
    summary: str
    empty: object = None

    @property
    def head(self) -> str:
        """The line that defines it."""
        if self.signature is None:
            return f"{self.name}: {self.type or 'object'}"
        inside = ", ".join(["self", *map(_format_parameter, self.signature.parameters.values())])
        returns = self.signature.return_annotation
        return f"def {self.name}({inside})" + ("" if returns is Signature.empty else f" -> {returns}")


def list_members(protocol: type) -> list[Member]:
    """The public members that the protocol demands, those of its bases first."""
    found: dict[str, Member] = {}
    for kind in reversed(protocol.__mro__):
        if kind in (object, Protocol, Generic):
            continue
        annotated = {name: None for name in inspect.get_annotations(kind)}
        for name, value in {**annotated, **vars(kind)}.items():
            if not name.startswith("_"):
                found[name] = _read_member(kind, name, value)
    return list(found.values())


def find_lacking(made: object, protocol: type) -> list[str]:
    """Names of the members that `made` hasn't: absent, of the wrong kind, or only the empty one of the protocol."""
    return [member.name for member in list_members(protocol) if not _has(made, member)]


def find_misfits(made: object, protocol: type) -> list[str]:
    """What to mend for `made` to fit the protocol, a line per member: it is absent, of the wrong kind, or can't be
    called as the protocol's is."""
    return [line for member in list_members(protocol) for line in _check_member(made, member)]


def _format_parameter(parameter: Parameter) -> str:
    """As it stands in the source: annotations are texts."""
    typed = "" if parameter.annotation is Parameter.empty else f": {parameter.annotation}"
    default = "" if parameter.default is Parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}{typed}{default}"


def _read_member(kind: type, name: str, value: object) -> Member:
    if isinstance(value, property):
        returns = inspect.signature(value.fget).return_annotation if value.fget else ""
        return Member(name, None, str(returns), _summarize(value.fget), value)
    if callable(value):
        signature = inspect.signature(value)
        own = list(signature.parameters.values())[1:]
        return Member(name, signature.replace(parameters=own), "", _summarize(value), value)
    return Member(name, None, str(inspect.get_annotations(kind).get(name, "")), "", value)


def _summarize(member: object) -> str:
    return (inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " ")


def _has(made: object, member: Member) -> bool:
    value = getattr(made, member.name, None)
    if member.empty is not None and getattr(type(made), member.name, None) is member.empty:
        return False
    if member.signature is not None:
        return callable(value)
    if member.type in PLAIN:
        return isinstance(value, PLAIN[member.type])
    return value is not None or ("None" in member.type and hasattr(made, member.name))


def _check_member(made: object, member: Member) -> Iterator[str]:
    if not _has(made, member):
        there = hasattr(made, member.name) and getattr(type(made), member.name, None) is not member.empty
        what = f"{member.name} is {getattr(made, member.name)!r:.80}" if there else f"lacks {member.name}"
        yield f"{what}; write `{member.head}`{f': {member.summary}' if member.summary else ''}"
    elif member.signature is not None and (fault := _find_call_fault(getattr(made, member.name), member.signature)):
        yield f"{member.name} {fault}; write `{member.head}`"


def _find_call_fault(method: object, wanted: Signature) -> str:
    """Why a call that fits the protocol doesn't fit the method; "" if it does."""
    try:
        own = inspect.signature(method)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # written in C: nothing is known
        return ""
    parameters = list(wanted.parameters.values())
    for given in (parameters, [each for each in parameters if each.default is Parameter.empty]):
        positional = [each for each in given if each.kind in _POSITIONAL]
        named = {each.name: None for each in given if each.kind is Parameter.KEYWORD_ONLY}
        try:
            own.bind(*positional, **named)
        except TypeError as error:
            return f"can't be called as the protocol's is: {error}"
    places = [each for each in own.parameters.values() if each.kind in _POSITIONAL]
    for mine, theirs in zip(places, [each for each in parameters if each.kind in _POSITIONAL], strict=False):
        if mine.kind is Parameter.POSITIONAL_OR_KEYWORD and mine.name != theirs.name:
            return f"has a parameter {mine.name!r} where the protocol's is called {theirs.name!r}"
    return ""
