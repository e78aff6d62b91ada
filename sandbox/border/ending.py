"""Reads what the supervisor inside a container reports: how the program ended, and which files were refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, FiniteFloat, TypeAdapter

from sandbox.border.reading import Invalid, Line, Name, Number, Reading, read

MOST_BYTES = 1_000_000


class ProgramEnd(Reading):
    exit_code: Annotated[int, Field(ge=-1_000, le=1_000)]
    cpu_seconds: Annotated[FiniteFloat, Field(ge=0)]
    full: bool
    peak_disk: Number


_ENDED = TypeAdapter(ProgramEnd)
_REFUSED: TypeAdapter[dict[str, str]] = TypeAdapter(Annotated[dict[Name, Line], Field(max_length=1_000)])


def read_ended(raw: bytes) -> ProgramEnd | Invalid:
    return read(_ENDED, raw, "the program's ending", MOST_BYTES)


def read_refused(raw: bytes) -> dict[str, str] | Invalid:
    return read(_REFUSED, raw, "the list of files that stay", MOST_BYTES)
