"""Reads the report that the runner's hook wrote beside a program: a hint for debugging, never a score.

Bounds are wider than those of the hook (`tools/code/inside`), so that an honest report always fits.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from sandbox.border.reading import Invalid, Line, Name, Number, Reading, Text, read

MOST_BYTES = 1_000_000


class ValueSummary(Reading):
    """One value: its type, its shape and dtype or a short text, and whether it holds NaN or infinity."""

    type: Name = "?"
    shape: Annotated[list[Number], Field(max_length=64)] | None = None
    dtype: Name = ""
    text: Line = ""
    nan: bool = False


Values = Annotated[dict[Name, ValueSummary], Field(max_length=300)]
Signatures = Annotated[dict[Name, Line], Field(max_length=200)]


class Frame(Reading):
    """One frame of a traceback. `own`: it is in the program itself, not in a library."""

    file: Name = ""
    own: bool = False
    line: Number | None = None
    function: Name = ""
    source: Line = ""
    locals: Values = Field(default_factory=dict)


class Syntax(Reading):
    file: Name = ""
    line: Number | None = None
    text: Line = ""


class RaisedError(Reading):
    """The exception that ended the program. `near`: existing names that resemble one that wasn't found."""

    type: Name = "?"
    message: Text = ""
    frames: Annotated[list[Frame], Field(max_length=64)] = Field(default_factory=list)
    near: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    libraries: Signatures = Field(default_factory=dict)
    syntax: Syntax | None = None


class Function(Reading):
    """The first calls of a function of the program; for top-level code only the `values` that it left."""

    arguments: Values = Field(default_factory=dict)
    returns: ValueSummary | None = None
    returns_digest: Name = ""
    calls: Number = 0
    nan: bool = False
    values: Values | None = None


class Trace(Reading):
    """Address -> first calls of that function."""

    functions: Annotated[dict[Name, Function], Field(max_length=500)] = Field(default_factory=dict)


Amount = Annotated[float, Field(ge=-1e18, le=1e18)]


class Behaviour(Reading):
    """What the program did: counted amounts, the shape of its learning rates, library functions that its own code
    called. Empty in reports of earlier versions."""

    amounts: Annotated[dict[Name, Amount], Field(max_length=100)] = Field(default_factory=dict)
    rates: Name = ""
    calls: Annotated[list[Name], Field(max_length=400)] = Field(default_factory=list)


class Report(Reading):
    """The whole report; empty where the program died before it was written."""

    error: RaisedError | None = None
    libraries: Annotated[dict[Name, Signatures], Field(max_length=1_000)] = Field(default_factory=dict)
    values: Annotated[dict[Name, Values], Field(max_length=50)] = Field(default_factory=dict)
    trace: Trace = Trace()
    behaviour: Behaviour = Behaviour()
    predictions: bool = False
    written: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)


EMPTY = Report()
_REPORT = TypeAdapter(Report)
_BEHAVIOUR = TypeAdapter(Behaviour)
_SIGNS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[Line], Field(max_length=50)])


def read_report(raw: bytes) -> Report | Invalid:
    """Parse a report; empty where there are no bytes, since a program that dies early leaves none."""
    report = read(_REPORT, raw, "report", MOST_BYTES)
    return report if raw else EMPTY


def stored_report(raw: bytes) -> Report:
    """Parse a report that a run keeps; empty where an earlier version kept one that can't be read."""
    report = read_report(raw)
    return report if isinstance(report, Report) else EMPTY


def stored_behaviour(raw: bytes) -> Behaviour:
    """Parse a program's behaviour that a run keeps; empty where it can't be read."""
    behaviour = read(_BEHAVIOUR, raw, "behaviour", MOST_BYTES)
    return behaviour if isinstance(behaviour, Behaviour) else Behaviour()


def stored_signs(raw: bytes) -> list[str]:
    """Parse signs that a run keeps; empty where they can't be read."""
    signs = read(_SIGNS, raw, "signs", MOST_BYTES)
    return signs if isinstance(signs, list) else []
