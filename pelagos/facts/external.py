"""Facts about tools from outside: which there were, and what each call said."""

from __future__ import annotations

from typing import Any

from pelagos.facts.fact import Fact


class ListedTool(Fact):
    """One tool as its server described it. `name` is server.tool, `tool` what the server calls it."""

    name: str = ""
    server: str = ""
    tool: str = ""
    version: str = ""
    description: str = ""
    parameters: dict[str, Any] = {}


class ToolListing(Fact):
    """What the allowed servers offered when they were first asked, and a line for each that was left out."""

    KIND = "tools.listed"
    tools: list[ListedTool] = []
    faults: list[str] = []


class ToolCall(Fact):
    """One call of a tool from outside, by a step of a plan. `output` is an artifact, whose name is the hash of the
    answer; `fault` says why there is no answer. `version` is the server's, `at` the time in ISO form, UTC."""

    KIND = "tool.call"
    hypothesis: str = ""
    plan: str = ""
    question: str = ""
    tool: str = ""
    server: str = ""
    version: str = ""
    arguments: dict[str, Any] = {}
    at: str = ""
    seconds: float = 0.0
    isolation: str = ""
    output: str = ""
    chars: int = 0
    fault: str = ""


class ToolReading(Fact):
    """What a model makes of the answers that were looked up for a hypothesis; "" where no reply fits."""

    KIND = "tool.reading"
    hypothesis: str = ""
    text: str = ""
