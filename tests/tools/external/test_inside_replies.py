"""Hostile schemas are told apart inside the sandbox: too large, too deep, with references elsewhere, or none at all."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tools.external import inside


def load_replies() -> Any:
    """Load the module as it is loaded in the sandbox: by its path."""
    spec = importlib.util.spec_from_file_location("replies", Path(inside.__file__).with_name("replies.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REPLIES = load_replies()


def nest(depth: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"inner": nest(depth - 1)}} if depth else {"type": "object"}


RECURSIVE = {
    "type": "object",
    "properties": {"tree": {"$ref": "#/$defs/node"}},
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (None, "no schema of arguments"),
        ([], "no schema of arguments"),
        ({"type": "array"}, "no schema of arguments"),
        ({"type": "object", "properties": 3}, "its schema is none: SchemaError"),
        ({"type": "object", "properties": {"a": {"type": "nonsense"}}}, "its schema is none: SchemaError"),
        ({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}, "its schema refers to file:///etc/passwd"),
        (nest(40), "its schema is nested deeper than 16"),
        ({"type": "object", "title": "x" * 9000}, "its schema has 90"),
    ],
)  # fmt: skip
def test_a_schema_that_is_none_is_named(schema: Any, fault: str) -> None:
    [found] = REPLIES.find_schema_faults(schema)
    assert found.startswith(fault)
    assert REPLIES.describe_tool("t", "d", schema)["parameters"] == {}


def test_a_recursive_schema_within_itself_is_one() -> None:
    assert REPLIES.find_schema_faults(RECURSIVE) == []
    assert REPLIES.find_argument_fault({"tree": {"next": {"next": {}}}}, RECURSIVE) == ""
    assert REPLIES.find_argument_fault({"tree": {"next": 3}}, RECURSIVE) == "tree.next: 3 is not of type 'object'"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "new\nline", "back`tick", "\u202e"])
def test_a_bad_name_is_named(name: str) -> None:
    assert REPLIES.describe_tool(name, "d", {"type": "object"})["faults"][0].startswith("a bad name")
