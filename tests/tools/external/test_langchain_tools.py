"""langchain-core tools: read and called in a child process, within the same bounds."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pelagos.external_tools import ExternalTools
from tests.tools.external.asked import Listed, list_from

pytest.importorskip("langchain_core")


def name_object(reference: str, **more: Any) -> ExternalTools:
    return ExternalTools(langchain=[reference], allow=["*.*"], **{"call_s": 20, **more})


@pytest.fixture(scope="module")
def kitchen() -> Listed:
    return list_from(name_object("kitchen:both", call_s=2))


def test_tools_of_a_module_are_read_without_importing_it_here(kitchen: Listed) -> None:
    assert [(tool.name, tool.description) for tool in kitchen.tools] == [
        ("kitchen.weigh", "Weigh spoons of something."), ("kitchen.sleep", "Sleep."),
    ]  # fmt: skip
    assert kitchen.tools[0].parameters["required"] == ["grams"]
    assert "kitchen" not in sys.modules


def test_a_call_has_a_clean_environment_and_its_arguments_are_checked(
    kitchen: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")
    answer = kitchen.call(grams=2.5, spoons=2).reply
    assert answer.text.startswith("5 g, ") and "OPENAI_API_KEY" not in answer.text
    assert (
        kitchen.call(grams="many").reply.fault
        == "the arguments don't fit its schema: grams: 'many' is not of type 'number'"
    )


def test_a_call_that_takes_too_long_is_data(kitchen: Listed) -> None:
    assert kitchen.call(1, seconds=60).reply.fault == "no answer within 2 s at its call"


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("kitchen:plain", "kitchen: left out: at its import: ValueError: kitchen:plain is builtin_function_or_method and no"),
        ("kitchen:missing", "kitchen: left out: at its import: AttributeError: module 'kitchen' has no attribute 'missing'"),
        ("breaks:tools", "breaks: left out: at its import: RuntimeError: no licence found"),
        ("nowhere:tools", "nowhere: left out: no module 'nowhere': install it, or put nowhere.py into"),
        ("nopoint", "nopoint: left out: 'nopoint' is no entry point of pelagos.tools"),
    ],
)  # fmt: skip
def test_what_is_no_tool_is_named_with_its_mending(reference: str, fault: str) -> None:
    read = list_from(name_object(reference))
    assert read.tools == [] and read.faults[0].startswith(fault)
