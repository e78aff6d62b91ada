"""The tools from outside of one run: listed once, offered by permission, called once per key.

What a server offers is a fact: a resumed run doesn't ask again, and a server that changes its descriptions later
changes nothing. A server none of whose tools is allowed is never started.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from memory.artifacts import ArtifactStore
from memory.ledger.keys import step_key
from memory.steps.steps import Steps
from pelagos.external_tools import TaskTools
from pelagos.facts.external import ListedTool, ToolCall, ToolListing
from pelagos.facts.fact import Cost
from pelagos.facts.work import Intent
from pelagos.nouns import OutcomeKind
from pelagos.visible import make_one_line, make_visible
from sandbox.border.tool_reply import Described, ToolReply
from tools.external.asking import Asker
from tools.external.sources import (
    Source,
    describe_missing_permission,
    is_allowed,
    is_named,
    list_sources,
    may_start,
)
from tools.skills.scripts import Script, find_argument_fault, run_script
from tools.toolchain import Tool

MOST_SMALL = 3
MOST_AT_ONCE = 4
_UNCLEAN = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_CHARS = 60


@dataclass(frozen=True)
class Toolbox:
    """`asker` holds the settings; `task` is what the task says of tools from outside; `scripts` are those of skills
    that the settings allow, by name."""

    asker: Asker
    task: TaskTools
    steps: Steps
    artifacts: ArtifactStore
    scripts: Mapping[str, Script] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.sources or self.scripts)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        return {source.name: source for source in list_sources(self.asker.settings, self.task)}

    @cached_property
    def listing(self) -> ToolListing:
        """The tools of the sources that may be started, asked for once per run and set of sources."""
        settings = self.asker.settings
        started = [source for source in self.sources.values() if may_start(source, settings)]
        if not self.sources:
            return ToolListing()
        idle = [name for name in self.sources if name not in {source.name for source in started}]
        key = step_key(sources=[source.key for source in started], idle=idle)

        def action() -> tuple[ToolListing, Cost]:
            tools, faults = list_tools(started, self.asker)
            unused = [f"{name}: {describe_missing_permission(f'{name}.*')}" for name in idle]
            return ToolListing(tools=tools, faults=[*unused, *faults]), Cost()

        return self.steps.made(
            ToolListing, key, Intent(query=", ".join(source.name for source in started)), Cost(), action
        )

    @cached_property
    def allowed(self) -> Mapping[str, ListedTool]:
        """The tools that may be called, by name: what the settings allow, and of that what the task names if it names
        any."""
        tools = [tool for tool in self.listing.tools if is_allowed(tool.name, self.asker.settings)]
        tools += [_list_script(script) for script in self.scripts.values()]
        return {tool.name: tool for tool in tools if not self.task.allow or is_named(tool.name, self.task)}

    def offer(self, strong: bool) -> Sequence[Tool]:
        """What planning is told. A small model is offered few, and only what the task names."""
        if self.asker.settings.calls == 0 or not (strong or self.task.allow):
            return []
        tools = list(self.allowed.values())
        shown = tools if strong else tools[:MOST_SMALL]
        return [Tool(tool.name, tool.description, tool.parameters) for tool in shown]

    def call(self, name: str, arguments: Mapping[str, Any], question: str, plan: str, hypothesis: str) -> ToolCall:
        """Call a tool once for a hypothesis; a second call with the same arguments gives the recorded answer. A tool
        that isn't there or isn't allowed is not called, and whatever goes wrong is a fault in the fact."""
        key = step_key(tool=name, arguments=dict(arguments), hypothesis=hypothesis)
        asked = ToolCall(
            hypothesis=hypothesis, plan=plan, question=question, tool=name, server=name.partition(".")[0],
            arguments=dict(arguments), at=datetime.now(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip

        def action() -> tuple[ToolCall, Cost]:
            return asked.model_copy(update=self._answer(name, arguments)), Cost()

        return self.steps.made(ToolCall, key, Intent(hypothesis=hypothesis, query=name), Cost(), action)

    def _answer(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        tool = self.allowed.get(name)
        if tool is None:
            listed = any(tool.name == name for tool in self.listing.tools)
            return {"fault": describe_missing_permission(name) if listed else "no such tool"}
        if name in self.scripts:
            return self._answer_by_script(self.scripts[name], arguments)
        answer = self.asker.ask(self.sources[tool.server], tool, arguments)
        told = {"version": tool.version, "seconds": round(answer.seconds, 3), "isolation": answer.isolation}
        if answer.reply.fault or answer.reply.refused:
            return {**told, "fault": answer.reply.fault or f"it refused: {make_one_line(answer.reply.text, 300)}"}
        return {**told, "output": self.artifacts.put_text(answer.reply.text), "chars": len(answer.reply.text)}

    def _answer_by_script(self, script: Script, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if fault := find_argument_fault(arguments):
            return {"fault": f"the arguments don't fit its schema: {fault}"}
        outcome = run_script(script, arguments.get("arguments", []), self.asker.sandbox)
        told = {"version": script.path, "seconds": round(outcome.seconds, 3), "isolation": outcome.isolation}
        if outcome.kind is not OutcomeKind.OK:
            return {**told, "fault": f"{outcome.kind}: {make_one_line(outcome.cause or outcome.log, 300)}"}
        text = make_visible(outcome.log)[: self.asker.settings.output_chars]
        return {**told, "output": self.artifacts.put_text(text), "chars": len(text)}


def _list_script(script: Script) -> ListedTool:
    return ListedTool(
        name=script.name, server=script.skill.name, tool=script.path, version=script.path,
        description=script.description, parameters=script.parameters,
    )  # fmt: skip


def list_tools(sources: Sequence[Source], asker: Asker) -> tuple[list[ListedTool], list[str]]:
    """Ask the sources for their tools. Returns the usable ones, and a line for each one left out."""
    tools: dict[str, ListedTool] = {}
    faults: list[str] = []
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        replies = [answer.reply for answer in pool.map(asker.ask, sources)]
    for source, reply in zip(sources, replies, strict=True):
        if reply.fault:
            faults.append(f"{source.name}: left out: {reply.fault}")
        for described in reply.tools:
            tool = make_listed(source.name, described, reply)
            if described.faults or tool.name in tools:
                reason = "; ".join(described.faults) or "a second tool of this name"
                faults.append(f"{tool.name}: left out: {reason}")
            else:
                tools[tool.name] = tool
    return list(tools.values()), faults


def make_listed(source: str, described: Described, reply: ToolReply) -> ListedTool:
    clean = _UNCLEAN.sub("_", described.name)[:_NAME_CHARS] or "unnamed"
    return ListedTool(
        name=f"{source}.{clean}", server=source, tool=described.name, version=reply.version,
        description=described.description, parameters=described.parameters,
    )  # fmt: skip
