"""The settings of tools from outside: MCP servers, langchain tools, and what each of them may do.

`mcpServers` has the usual JSON form. All permissions are in `external`, which only the settings have: a task names
tools, and allows none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from pelagos.settings_section import Section

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PATTERN = re.compile(r"[A-Za-z0-9_*?-]+\.[A-Za-z0-9_*?-]+")
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*|[A-Za-z0-9_-]+")


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"server {name!r}: name it by at most 40 letters, digits, _ and -")
    return name


def _check_pattern(pattern: str) -> str:
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(f"{pattern!r}: write server.tool or server.*, as in time.get_current_time")
    return pattern


def _check_reference(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(f"{reference!r}: write module:object, or the name of an entry point of pelagos.tools")
    return reference


ServerName = Annotated[str, AfterValidator(_check_name)]
Pattern = Annotated[str, AfterValidator(_check_pattern)]
Reference = Annotated[str, AfterValidator(_check_reference)]


class McpServer(Section):
    """One server: a command to start (stdio), or an address (streamable HTTP). `${NAME}` in `env` and `headers` is
    taken from the environment; nothing else of it is handed on."""

    command: str = ""
    args: list[str] = Field([])
    env: dict[str, str] = Field({})
    url: str = ""
    headers: dict[str, str] = Field({})
    type: Literal["stdio", "http", "streamable-http", "streamableHttp"] | None = None
    disabled: bool = False

    @model_validator(mode="after")
    def _check_kind(self) -> McpServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either a command or a url")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url {self.url!r}: must begin with http:// or https://")
        return self


Servers = dict[ServerName, McpServer]


class TaskTools(Section):
    """What a task says of tools from outside: further servers and tools, and by `allow` which tools it is offered;
    without it, all that the settings allow."""

    model_config = ConfigDict(frozen=True)

    mcpServers: Servers = Field({})
    langchain: list[Reference] = Field([])
    allow: list[Pattern] = Field([])


NO_TOOLS = TaskTools()


class External(Section):
    """Permissions and bounds of tools from outside. A server in `network` runs outside the sandbox, as you do."""

    langchain: list[Reference] = Field([], description="module:object of langchain-core tools, or entry points")
    allow: list[Pattern] = Field([], description="tools that may be called: server.tool, or a pattern as time.*")
    network: list[ServerName] = Field([], description="servers that may use the network")
    files: dict[ServerName, list[Path]] = Field({}, description="server -> files and folders that it may read")
    seconds: dict[ServerName, PositiveFloat] = Field({}, description="server -> longest time of a call")
    start_s: PositiveFloat = Field(30.0, description="longest start of a server")
    call_s: PositiveFloat = Field(30.0, description="longest time of a call")
    memory_mb: PositiveInt = Field(1024, description="memory of a server")
    calls: NonNegativeInt = Field(4, description="calls of one plan, at most")
    output_chars: PositiveInt = Field(20_000, description="most text kept of one answer")


class ExternalTools(External):
    """The settings of tools from outside, with the servers."""

    mcpServers: Servers = Field({})
