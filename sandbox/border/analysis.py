"""Reads what a sequence of tool calls left: statistics tables, figures, provenance, and the call that failed."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, TypeAdapter

from sandbox.border.reading import Invalid, Line, Name, Number, Reading, Text, read

MOST_BYTES = 64_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


def _decode_png(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if not raw.startswith(_PNG):
        raise ValueError("not a PNG")
    return text


Png = Annotated[str, Field(max_length=4_000_000), AfterValidator(_decode_png)]
Index = Annotated[str, Field(pattern=r"^\d{1,3}$")]
Value = FiniteFloat | Name


class Row(Reading):
    """One line of a statistics table. `effect` is in its natural unit with a 95 % interval; `p` is two-sided; `r` is
    the partial correlation with its 95 % interval. None: not defined."""

    entity: Name
    effect: FiniteFloat | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    statistic: FiniteFloat | None = None
    df: FiniteFloat | None = None
    p: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    q: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    n: Number = 0
    r: Annotated[FiniteFloat, Field(ge=-1, le=1)] | None = None
    r_low: Annotated[FiniteFloat, Field(ge=-1, le=1)] | None = None
    r_high: Annotated[FiniteFloat, Field(ge=-1, le=1)] | None = None
    members: Annotated[list[Name], Field(max_length=20_000)] = Field(default_factory=list)
    extra: Annotated[dict[Name, Value], Field(max_length=50)] = Field(default_factory=dict)


class FailedCall(Reading):
    """`refused`: the tool, or a check before it, refused the data. `error`: it raised anything else."""

    call: Number
    kind: Literal["refused", "error"]
    message: Line


class Results(Reading):
    failed: FailedCall | None = None
    tables: Annotated[dict[Index, Annotated[list[Row], Field(max_length=200_000)]], Field(max_length=100)] = Field(
        default_factory=dict
    )
    figures: Annotated[dict[Index, Png], Field(max_length=100)] = Field(default_factory=dict)
    provenance: Annotated[list[Text], Field(max_length=100)] = Field(default_factory=list)
    states: Annotated[list[Name], Field(max_length=30)] = Field(default_factory=list)
    summary: Annotated[dict[Name, FiniteFloat], Field(max_length=30)] = Field(default_factory=dict)


_RESULTS = TypeAdapter(Results)
_FINDINGS: TypeAdapter[dict[str, list[str]]] = TypeAdapter(
    Annotated[dict[Name, Annotated[list[Line], Field(max_length=1_000)]], Field(max_length=1_000)]
)


def read_results(raw: bytes) -> Results | Invalid:
    return read(_RESULTS, raw, "results", MOST_BYTES)


def read_findings(raw: bytes) -> dict[str, list[str]] | Invalid:
    """Parse the contract test's findings: tool name -> lines."""
    return read(_FINDINGS, raw, "findings", MOST_BYTES)
