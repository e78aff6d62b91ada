"""What `pelagos tools check` says of a tool, and the arguments that it makes up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pelagos.external_tools import NO_TOOLS, ExternalTools
from sandbox.border.tool_reply import ToolReply
from sandbox.protocol import Outcome, Spec
from tools.external.asking import REPLY, Asker
from tools.external.check import check_source, list_unmended, make_arguments
from tools.external.sources import list_sources

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}


class Answers:
    """A sandbox that runs nothing: the first reply is to the listing, the second to the call."""

    name = "answers"

    def __init__(self, *replies: dict[str, Any]) -> None:
        self.replies = list(replies)

    def run(self, spec: Spec, on_line: Any = None) -> Outcome:
        reply = ToolReply.model_validate(self.replies.pop(0))
        return Outcome("ok", files={REPLY: reply.model_dump_json().encode()})


def check(folder: Path, tool: dict[str, Any], answer: dict[str, Any] | None = None) -> list[str]:
    described = {"name": "t", "description": "Say something useful.", "parameters": {"type": "object"}} | tool
    settings = ExternalTools(**{"mcpServers": {"s": {"command": "python"}}, "allow": ["s.*"]})
    asker = Asker(settings, folder, Answers({"tools": [described]}, answer or {"text": "fine"}))
    [findings] = check_source(list_sources(settings, NO_TOOLS)[0], asker).values()
    return findings


@pytest.mark.parametrize(
    ("tool", "answer", "line"),
    [
        (
            {"description": " "},
            None,
            "no description: say in a sentence what it does, since a model chooses it by that",
        ),
        (
            {"parameters": {"type": "object", "properties": {"a": {"title": "A"}}}},
            None,
            "argument a: no type: a model must guess it",
        ),
        ({"faults": ["a bad name: use letters"]}, None, "a bad name: use letters"),
        ({}, {"fault": "no answer within 2 s at its call"}, "called with {}: no answer within 2 s at its call"),
        ({}, {"text": ""}, "called with {}: an empty answer"),
        ({}, {"refused": True, "text": "not\nthese"}, "note: called with {} it refused: not these"),
    ],
)
def test_what_is_to_mend_is_said(tmp_path: Path, tool: Any, answer: Any, line: str) -> None:
    found = check(tmp_path, tool, answer)
    assert found == [line]
    assert list_unmended({"t": found}) == ([] if line.startswith("note: ") else ["t"])


def test_a_sound_tool_is_sound(tmp_path: Path) -> None:
    assert check(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "a"),
        ({"type": "string", "minLength": 3}, "aaa"),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": ["string", "null"]}, "a"),
        ({"enum": ["x", "y"]}, "x"),
        ({"examples": ["Europe/Rome"], "type": "string"}, "Europe/Rome"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ({"type": "array", "minItems": 1, "items": {"type": "number"}}, [1.5]),
        ({"$ref": "#/$defs/kind"}, "k"),
        (True, "a"),
    ],
)
def test_arguments_are_made_up_by_their_schema(schema: Any, value: Any) -> None:
    whole = {
        "type": "object",
        "properties": {"x": schema, "y": {}},
        "required": ["x"],
        "$defs": {"kind": {"const": "k"}},
    }
    assert make_arguments(whole) == {"x": value}


def test_a_schema_that_requires_itself_is_followed_no_further_than_a_bound() -> None:
    made = make_arguments({**NODE, "$defs": {"node": NODE}})
    assert str(made).count("next") < 10
