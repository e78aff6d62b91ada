"""What the runner's hook wrote of a program, beside that program: a hint for debugging, never a score.

Bounds are wider than what the hook itself writes (`tools/code/*_hook.py`), so that an honest report always fits.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from sandbox.border.told import Invalid, Line, Name, Number, Text, Told, read

MOST_BYTES = 1_000_000


class Described(Told):
    """One value: its type, its shape and dtype or a short text, and whether it holds NaN or infinity."""

    type: Name = "?"
    shape: Annotated[list[Number], Field(max_length=64)] | None = None
    dtype: Name = ""
    text: Line = ""
    nan: bool = False


Values = Annotated[dict[Name, Described], Field(max_length=300)]
Lines = Annotated[list[Number], Field(max_length=200_000)]
Signatures = Annotated[dict[Name, Line], Field(max_length=200)]


class Frame(Told):
    """One frame of a traceback. `own`: of the program itself, no library's."""

    file: Name = ""
    own: bool = False
    line: Number | None = None
    function: Name = ""
    source: Line = ""
    locals: Values = Field(default_factory=dict)


class Syntax(Told):
    file: Name = ""
    line: Number | None = None
    text: Line = ""


class Raised(Told):
    """The exception that ended the program. `near`: names that exist, like one that wasn't found."""

    type: Name = "?"
    message: Text = ""
    frames: Annotated[list[Frame], Field(max_length=64)] = Field(default_factory=list)
    near: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    libraries: Signatures = Field(default_factory=dict)
    syntax: Syntax | None = None


class Function(Told):
    """First calls of an own function; of top-level code the `values` that it left, and nothing else."""

    arguments: Values = Field(default_factory=dict)
    returns: Described | None = None
    returns_digest: Name = ""
    calls: Number = 0
    nan: bool = False
    values: Values | None = None


class Trace(Told):
    """Address -> first calls; path -> source lines that ran."""

    functions: Annotated[dict[Name, Function], Field(max_length=500)] = Field(default_factory=dict)
    lines: Annotated[dict[Name, Lines], Field(max_length=5_000)] = Field(default_factory=dict)


class Report(Told):
    """All of it empty where the program died before it could be written."""

    error: Raised | None = None
    libraries: Annotated[dict[Name, Signatures], Field(max_length=1_000)] = Field(default_factory=dict)
    values: Annotated[dict[Name, Values], Field(max_length=50)] = Field(default_factory=dict)
    trace: Trace = Trace()
    predictions: bool = False
    written: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)


EMPTY = Report()
_REPORT = TypeAdapter(Report)
_SIGNS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[Line], Field(max_length=50)])


def read_report(raw: bytes) -> Report | Invalid:
    """Empty where there are no bytes: what dies early leaves none."""
    found = read(_REPORT, raw, "report", MOST_BYTES)
    return found if raw else EMPTY


def stored_report(raw: bytes) -> Report:
    """A report that a run keeps; empty where an earlier version kept what can't be read."""
    found = read_report(raw)
    return found if isinstance(found, Report) else EMPTY


def stored_signs(raw: bytes) -> list[str]:
    """What a run keeps of signs, or none, likewise."""
    found = read(_SIGNS, raw, "signs", MOST_BYTES)
    return found if isinstance(found, list) else []
