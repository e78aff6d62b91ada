"""Asks the hostile server and the modules beside it, as the tests of this folder do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pelagos.external_tools import NO_TOOLS, ExternalTools, TaskTools
from pelagos.facts.external import ListedTool
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tools.external.asking import Answer, Asker
from tools.external.sources import Source, list_sources
from tools.external.toolbox import list_tools

HERE = Path(__file__).parent
WIRE = HERE / "servers" / "wire.py"


class Listed(NamedTuple):
    source: Source
    asker: Asker
    tools: list[ListedTool]
    faults: list[str]

    def call(self, tool: int = 0, **arguments: Any) -> Answer:
        return self.asker.ask(self.source, self.tools[tool], arguments)


def serve(does: str, **more: Any) -> ExternalTools:
    """Settings with the hostile server, which does this."""
    server = {"command": "python", "args": [str(WIRE), does], **more.pop("server", {})}
    return ExternalTools(**{"mcpServers": {"w": server}, "allow": ["*.*"], "start_s": 60, "call_s": 20, **more})


def call_unlisted(settings: ExternalTools, **arguments: Any) -> Answer:
    """Call the hostile server's tool without listing it before: one process less."""
    numbers = {name: {"type": "number"} for name in "ab"}
    tool = ListedTool(name="w.add", server="w", tool="add", parameters={"type": "object", "properties": numbers})
    [source] = list_sources(settings, NO_TOOLS)
    return Asker(settings, HERE / "modules", choose("unsafe")).ask(source, tool, arguments)


def list_from(settings: ExternalTools, task: TaskTools = NO_TOOLS, sandbox: Sandbox | None = None) -> Listed:
    """List the tools of the one source that the settings and the task name."""
    [source] = list_sources(settings, task)
    asker = Asker(settings, HERE / "modules", sandbox or choose("unsafe"))
    return Listed(source, asker, *list_tools([source], asker))
