"""Sources of tools from outside: the servers and modules that the settings and the task name, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from memory.ledger.keys import step_key
from pelagos.external_tools import ExternalTools, McpServer, TaskTools
from tools.functions.places import list_entry_points

WHERE = "under [external] in pelagos.toml"


@dataclass(frozen=True)
class Source:
    """An MCP server (`server`), or a langchain tool (`reference`, as module:object), called `name`. `of_task`: the task
    names it, so it has no permission of its own."""

    name: str
    server: McpServer | None = None
    reference: str = ""
    of_task: bool = False

    @property
    def key(self) -> str:
        """A hash of what is started, without the values of its environment."""
        server = self.server.model_dump(mode="json", exclude={"env", "headers"}) if self.server else {}
        return step_key(name=self.name, server=server, reference=self.reference, of_task=self.of_task)


def list_sources(settings: ExternalTools, task: TaskTools) -> list[Source]:
    """Return the sources by name, those of the settings first. One of the task's that is called like one of the
    settings' is not used."""
    own = [*_servers(settings.mcpServers, False), *_modules(settings.langchain, False)]
    others = [*_servers(task.mcpServers, True), *_modules(task.langchain, True)]
    return list({source.name: source for source in [*others, *own]}.values())


def _servers(servers: Mapping[str, McpServer], of_task: bool) -> list[Source]:
    return [Source(name, server, of_task=of_task) for name, server in servers.items() if not server.disabled]


def _modules(references: Sequence[str], of_task: bool) -> list[Source]:
    """A module is called by its last part, an entry point by its name. One that isn't installed has no colon."""
    points = list_entry_points()
    sources: list[Source] = []
    for reference in references:
        value = points[reference].value if reference in points else reference
        name = reference if ":" not in reference else reference.partition(":")[0].rpartition(".")[2]
        sources.append(Source(name, reference=value, of_task=of_task))
    return sources


def is_allowed(name: str, settings: ExternalTools) -> bool:
    """Whether a tool, server.tool, may be called."""
    return any(fnmatchcase(name, pattern) for pattern in settings.allow)


def may_start(source: Source, settings: ExternalTools) -> bool:
    """Whether any tool of the source may be called."""
    return any(fnmatchcase(source.name, pattern.partition(".")[0]) for pattern in settings.allow)


def is_named(name: str, task: TaskTools) -> bool:
    """Whether the task names the tool."""
    return any(fnmatchcase(name, pattern) for pattern in task.allow)


def uses_network(source: Source, settings: ExternalTools) -> bool:
    """Whether the source runs outside the sandbox: never one that a task names."""
    return not source.of_task and (source.name in settings.network or bool(source.server and source.server.url))


def describe_missing_permission(name: str) -> str:
    return f'not allowed: add "{name}" to allow {WHERE}'


def describe(source: Source) -> dict[str, Any]:
    """What is started, for lists: without the values of its environment."""
    server = source.server
    started = " ".join([server.command, *server.args]) if server and server.command else server.url if server else ""
    return {"source": source.name, "kind": "mcp" if server else "langchain", "starts": started or source.reference}
