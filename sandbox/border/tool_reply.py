"""Reads what the client of a tool from outside reports: the tools of a server, or the answer of one."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter

from pelagos.visible import make_visible
from sandbox.border.reading import Invalid, Line, Name, Reading, Text, read

MOST_BYTES = 4_000_000
MOST_TOOLS = 64
MOST_SCHEMA_CHARS, MOST_DEPTH = 8_000, 16


def _check_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with clean text. Raises ValueError where it is too large or too deep for a prompt."""
    if _depth(schema) > MOST_DEPTH:
        raise ValueError(f"a schema nested deeper than {MOST_DEPTH}")
    text = json.dumps(_clean(schema), ensure_ascii=False)
    if len(text) > MOST_SCHEMA_CHARS:
        raise ValueError(f"a schema of {len(text)} characters, more than {MOST_SCHEMA_CHARS}")
    cleaned: dict[str, Any] = json.loads(text)
    return cleaned


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return make_visible(value)
    if isinstance(value, dict):
        return {make_visible(name): _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


class Described(Reading):
    """A tool as its server describes it; `faults` say what is wrong with the description."""

    name: Annotated[str, Field(max_length=200)]
    description: Text = ""
    parameters: Annotated[dict[str, Any], AfterValidator(_check_schema)] = Field(default_factory=dict)
    faults: Annotated[list[Line], Field(max_length=20)] = Field(default_factory=list)


class ToolReply(Reading):
    """`fault`: why there is no answer. `refused`: the tool itself said no. `text`: what it answered."""

    fault: Line = ""
    refused: bool = False
    version: Name = ""
    tools: Annotated[list[Described], Field(max_length=MOST_TOOLS)] = Field(default_factory=list)
    text: Annotated[str, AfterValidator(make_visible), Field(max_length=2_000_000)] = ""


_ADAPTER = TypeAdapter(ToolReply)


def read_tool_reply(raw: bytes) -> ToolReply | Invalid:
    """Return the reply, or why it was refused."""
    return read(_ADAPTER, raw, "reply", MOST_BYTES)
