"""Servers that hang, die, flood or lie: each is named with one line or fails its call as data, within its bounds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.tools.external.asked import Listed, call_unlisted, list_from, serve
from tools.external.asking import Answer

AT_START = {
    "die at start": "w: left out: at its start: MCPError: Connection closed; it wrote: fatal: no config",
    "hang at start": "w: left out: no answer within 1 s at its start",
    "flood": "w: left out: no answer within 1 s at its start",
    "wrong types": "w: left out: at its start: ValidationError: 1 validation error for ListToolsResult tools.0.inputSchema",
}
AT_CALL = {
    "hang at call": "no answer within 2 s at its call",
    "die at call": "at its call: MCPError: Connection closed; it wrote: fatal: out of cheese",
    "output": "at its call: RuntimeError: Invalid structured content returned by tool add: 'three' is not of type 'number'",
}
SLOW = {"no object", "no schema", "flood at call", "pages"}


def run_all(cases: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Run the cases side by side: most of them wait."""
    with ThreadPoolExecutor(8) as pool:
        futures = {name: pool.submit(case) for name, case in cases.items()}
        return {name: future.result() for name, future in futures.items()}


@pytest.fixture(scope="module")
def listed() -> dict[str, Listed]:
    short = {"hang at start", "flood"}
    names = [*AT_START, "names", "noise"]
    return run_all(
        {name: lambda name=name: list_from(serve(name, start_s=1 if name in short else 60)) for name in names}
    )


@pytest.fixture(scope="module")
def called() -> dict[str, Answer]:
    return run_all({name: lambda name=name: call_unlisted(serve(name, call_s=2), a=1, b=2) for name in AT_CALL})


@pytest.mark.parametrize("does", AT_START)
def test_a_server_that_does_not_start_well_is_named_and_left_out(listed: dict[str, Listed], does: str) -> None:
    assert listed[does].tools == []
    [fault] = listed[does].faults
    assert fault.startswith(AT_START[does])


@pytest.mark.parametrize("does", AT_CALL)
def test_a_call_that_goes_wrong_is_data(called: dict[str, Answer], does: str) -> None:
    assert called[does].reply.fault.startswith(AT_CALL[does])
    assert called[does].reply.text == ""


def test_text_among_the_messages_does_no_harm(listed: dict[str, Listed]) -> None:
    assert [tool.name for tool in listed["noise"].tools] == ["w.add"] and not listed["noise"].faults


def test_hostile_names_are_left_out_and_hostile_descriptions_are_bounded(listed: dict[str, Listed]) -> None:
    named = listed["names"]
    assert [tool.name for tool in named.tools] == ["w.add", "w.ok"]
    assert "w.add: left out: a second tool of this name" in named.faults
    assert any(fault.startswith("w.x_Ignore_all") and "a bad name" in fault for fault in named.faults)
    assert len(named.tools[1].description) == 2_000 and "\u200b" not in named.tools[1].description


def test_nothing_is_left_behind(listed: dict[str, Listed], called: dict[str, Answer]) -> None:
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in running.splitlines() if "given/0/wire.py" in line] == []


def test_a_server_sees_what_it_is_given_and_its_secret_comes_back_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")
    monkeypatch.setenv("MINE", "a-very-secret-value")
    told = call_unlisted(serve("secret", server={"env": {"WIRE_KEY": "${MINE}"}}), a=1, b=2).reply.text
    assert told.startswith("[key] ") and "a-very-secret-value" not in told
    assert "'WIRE_KEY'" in told and "OPENAI_API_KEY" not in told and "MINE" not in told


def test_a_secret_in_a_description_comes_back_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "a-very-secret-value")
    [tool] = list_from(serve("secret", server={"env": {"WIRE_KEY": "Bearer ${MINE}"}})).tools
    assert tool.description == "Its key is [key]."


@pytest.mark.slow
@pytest.mark.parametrize("does", sorted(SLOW))
def test_further_lies(does: str) -> None:
    named = list_from(serve(does, call_s=2))
    if does == "pages":
        assert len(named.tools) == 20
    elif does == "flood at call":
        assert named.call(a=1, b=2).reply.fault.startswith("no answer within 2 s at its call")
    else:
        assert named.tools == [] and named.faults[0].startswith("w: left out: at its start: ValidationError")


@pytest.mark.slow
def test_a_long_answer_is_cut_and_a_refusal_is_the_tools_own() -> None:
    assert len(list_from(serve("long answer", output_chars=500)).call(a=1, b=2).reply.text) == 500
    refusal = list_from(serve("refuse")).call(a=1, b=2).reply
    assert (refusal.refused, refusal.text, refusal.fault) == (True, "I add no such numbers", "")
