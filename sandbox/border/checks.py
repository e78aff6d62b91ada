"""Results of checks of plan steps, written beside modules of the program that the checks have loaded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from sandbox.border.told import Invalid, Line, Told, read

MOST_BYTES = 200_000


class Held(Told):
    """Whether a check holds on the new and on the old program; None: it raised, `error` says what."""

    holds: bool | None
    before: bool | None
    error: Line


_RESULTS: TypeAdapter[list[Held]] = TypeAdapter(Annotated[list[Held], Field(max_length=1_000)])


def read_results(raw: bytes) -> list[Held] | Invalid:
    return read(_RESULTS, raw, "results of checks", MOST_BYTES)
