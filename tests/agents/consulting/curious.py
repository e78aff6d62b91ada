"""A scripted planner that looks things up, and a run of one hypothesis on the table toolchain with it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from memory.ledger.ledger import Ledger
from pelagos.external_tools import ExternalTools
from pelagos.facts.external import ToolCall
from pelagos.facts.reader import read
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

WIRE = Path(__file__).parents[2] / "tools" / "external" / "servers" / "wire.py"


class Curious(Scripted):
    """Its plans look something up first: the sum of two numbers, if nothing else is given."""

    def __init__(self, *calls: tuple[str, dict[str, Any]]) -> None:
        super().__init__()
        self.planned = calls or (("wire.add", {"a": 19, "b": 23}),)

    def complete(self, request: Request, limit: Any) -> Reply:
        reply = super().complete(request, limit)
        if request.role != "planner" or "Tools from outside" not in request.messages[1].content:
            return reply
        calls = [{"tool": tool, "arguments": arguments} for tool, arguments in self.planned]
        steps = [{"text": f"What does {call['tool']} say?", "call": call} for call in calls]
        return reply.model_copy(update={"text": json.dumps({"steps": [*steps, *json.loads(reply.text)["steps"]]})})


def make_external(calls: Path, **more: Any) -> ExternalTools:
    """Settings with the server that adds two numbers and appends a line to `calls` for each call."""
    server = {"command": "python", "args": [str(WIRE), "noise"], "env": {"WIRE_CALLS": str(calls)}}
    return ExternalTools(**{"mcpServers": {"wire": server}, "allow": ["wire.*"], **more})


def launch(
    project: Path, model: Scripted, external: ExternalTools, watch: Any = None, assembly: ScriptedAssembly | None = None
) -> Path:
    """Launch or resume a run of one hypothesis."""
    assembly, run = assembly or ScriptedAssembly(model), project / "runs" / "r"
    if not run.exists():
        settings = make_short_settings(1, lanes=1, judge={"max_seeds": 3})
        settings.loop.plans = 1
        create(project, str(write_task(project / "table")), settings, run, assembly)
    drive(run, watch, assembly=assembly, external=external)
    return run


def read_calls(run: Path) -> list[ToolCall]:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return [read(ToolCall, event.payload) for event in ledger.events(ToolCall.KIND)]


def read_notes(run: Path) -> list[str]:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return [event.payload["text"] for event in ledger.events("note")]
