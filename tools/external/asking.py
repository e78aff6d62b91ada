"""Asks a source in a sandbox: one process per question, which starts the server, and nothing of it outlives the answer.

The controller imports neither mcp nor langchain nor any tool: it writes a request and reads a bounded reply. A source
that may use the network is asked in a plain process with a clean environment instead.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pelagos.errors import BadInput, MissingPart, SandboxError
from pelagos.external_tools import ExternalTools, McpServer
from pelagos.facts.external import ListedTool
from pelagos.nouns import OutcomeKind
from pelagos.secrets import clean_key, redact_key
from pelagos.visible import make_one_line
from sandbox.border.reading import Invalid
from sandbox.border.tool_reply import MOST_BYTES, ToolReply, read_tool_reply
from sandbox.choose import choose
from sandbox.protocol import Limits, Outcome, Sandbox, Spec
from tools.external.binding import Binding, bind_command, find_command
from tools.external.sources import Source, uses_network

INSIDE = Path(__file__).with_name("inside")
REQUEST, REPLY = "request.json", "out/reply.json"
IMPORT_S = 15.0  # for Python and the client, before the server is started
CAUSE_CHARS = 300
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Asker:
    """Asks sources as the settings allow. `project` is the folder that relative paths are meant in."""

    settings: ExternalTools
    project: Path
    sandbox: Sandbox

    def ask(self, source: Source, tool: ListedTool | None = None, arguments: Mapping[str, Any] | None = None) -> Answer:
        """List the source's tools, or call `tool`. A failure of whatever kind is an answer with a fault."""
        call = None if tool is None else {
            "tool": tool.tool, "arguments": dict(arguments or {}), "parameters": tool.parameters,
        }  # fmt: skip
        try:
            outcome = self._run(source, call)
        except (BadInput, MissingPart, SandboxError) as error:
            return Answer(ToolReply(fault=make_one_line(str(error), CAUSE_CHARS)))
        return Answer(_read_outcome(outcome, _secrets(source.server)), outcome.seconds, outcome.isolation)

    def _run(self, source: Source, call: Mapping[str, Any] | None) -> Outcome:
        """Raises BadInput, MissingPart and SandboxError."""
        if find_spec("mcp") is None:
            raise MissingPart("the client isn't installed: pip install 'pelagos[mcp]'")
        outside = uses_network(source, self.settings)
        if source.of_task and source.server:
            _check_of_task(source.server)
        seconds = self.settings.seconds.get(source.name, self.settings.call_s)
        request = {
            "reply": REPLY, "call": call, "start_s": self.settings.start_s, "call_s": seconds,
            "output_chars": self.settings.output_chars,
        }  # fmt: skip
        shown = self._shown_files(source)
        if source.server:
            more, bound = self._describe_server(source.server, shown, outside)
        else:
            more, bound = self._find_module(source)
        program = "mcp_client.py" if source.server else "langchain_client.py"
        files = {f"_run/{name}": (INSIDE / name).read_bytes() for name in (program, "replies.py")}
        files |= {REQUEST: json.dumps({**request, **more}).encode(), "out/.keep": b""}
        limits = Limits(
            seconds=IMPORT_S + self.settings.start_s + (seconds if call else 0.0), memory_mb=self.settings.memory_mb,
            pids=128, disk_mb=256,
        )  # fmt: skip
        environment = {"PATH": os.environ.get("PATH", os.defpath)} if outside else {}
        spec = Spec(
            ["python", f"_run/{program}", REQUEST], files, bound | shown, {REPLY: MOST_BYTES}, environment, limits
        )
        return (choose("unsafe") if outside else self.sandbox).run(spec)

    def _describe_server(
        self, server: McpServer, shown: Mapping[str, Path], outside: bool
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        """What the client needs to know of the server, and what is bound for it. Raises BadInput."""
        bound = Binding([])
        if server.command and outside:
            bound = Binding([str(find_command(server.command, self.project)), *map(self._absolute, server.args)])
        elif server.command:
            bound = bind_command(server.command, server.args, self.project, shown)
        described = {
            "argv": bound.argv, "env": fill_variables(server.env), "url": server.url,
            "headers": fill_variables(server.headers),
        }  # fmt: skip
        return described, dict(bound.readonly)

    def _absolute(self, argument: str) -> str:
        path = self.project / argument
        return str(path) if argument and path.exists() else argument

    def _find_module(self, source: Source) -> tuple[dict[str, Any], dict[str, Path]]:
        """The module's name, and its file where it lies in the project. Nothing is imported. Raises BadInput."""
        module, _, name = source.reference.partition(":")
        if not name:
            raise BadInput(
                f"'{source.reference}' is no entry point of pelagos.tools: install it, or write module:object"
            )
        top = module.partition(".")[0]
        for path in (self.project / top, self.project / f"{top}.py"):
            if path.exists():
                return {"module": module, "object": name}, {f"modules/{path.name}": path}
        if find_spec(top) is None:
            raise BadInput(f"no module '{top}': install it, or put {top}.py into {self.project}")
        return {"module": module, "object": name}, {}

    def _shown_files(self, source: Source) -> dict[str, Path]:
        """The files that the source may read, at `files/` in its work folder. Raises BadInput."""
        paths = [] if source.of_task else [self.project / path for path in self.settings.files.get(source.name, [])]
        if missing := [path for path in paths if not path.exists()]:
            raise BadInput(f"{missing[0]}: no such file or folder: mend files of [external] in pelagos.toml")
        return {f"files/{path.name}": path for path in paths}


@dataclass(frozen=True)
class Answer:
    """A reply, and how it came about."""

    reply: ToolReply
    seconds: float = 0.0
    isolation: str = ""


def _check_of_task(server: McpServer) -> None:
    """A task has no permissions: it may neither reach an address nor read the environment. Raises BadInput."""
    if server.url:
        raise BadInput("a task can't name an address: name the server in pelagos.toml")
    if any(map(_VARIABLE.search, server.env.values())):
        raise BadInput("a task can't name variables of the environment: name the server in pelagos.toml")


def fill_variables(values: Mapping[str, str]) -> dict[str, str]:
    """Replace `${NAME}` by the variable of the environment. Raises BadInput where it isn't set."""

    def find(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise BadInput(f"the variable {match[1]} isn't set: export it, or take it out of mcpServers")
        return os.environ[match[1]]

    return {name: _VARIABLE.sub(find, value) for name, value in values.items()}


def _secrets(server: McpServer | None) -> Sequence[str]:
    """The values that the server is given, and what of them may come back alone: a key without `Bearer`, a variable."""
    if server is None:
        return []
    given = [*server.env.values(), *server.headers.values()]
    values = [*fill_variables(server.env).values(), *fill_variables(server.headers).values()]
    names = {name for value in given for name in _VARIABLE.findall(value)}
    secrets = {*values, *map(clean_key, values), *(os.environ[name] for name in names)}
    return sorted(secrets, key=len, reverse=True)


def _read_outcome(outcome: Outcome, secrets: Sequence[str]) -> ToolReply:
    """The reply, without the values that were handed to the server; a fault where there is none."""
    made = read_tool_reply(outcome.files[REPLY]) if REPLY in outcome.files else Invalid("it left no reply")
    last = _last_line(_redact(outcome.log, secrets))
    if isinstance(made, ToolReply):
        died = made.fault.startswith(("at its", "no answer"))
        told = made.model_copy(update={"fault": f"{made.fault}{last}"}) if died else made
        return ToolReply.model_validate(_redact(told.model_dump(), secrets))
    ended = outcome.kind is OutcomeKind.OK
    reason = made.reason if ended or REPLY in outcome.files else outcome.cause or str(outcome.kind)
    return ToolReply(fault=make_one_line(f"{_redact(reason, secrets)}{last}", CAUSE_CHARS))


def _last_line(log: str) -> str:
    """The last that a server wrote for people, as `; it wrote: ...`."""
    last = make_one_line(log.strip().rpartition("\n")[2], CAUSE_CHARS // 2)
    return f"; it wrote: {last}" if last else ""


def _redact(value: Any, secrets: Sequence[str]) -> Any:
    """A JSON value without the secrets in any of its texts."""
    if isinstance(value, str):
        return reduce(redact_key, secrets, value)
    if isinstance(value, dict):
        return {_redact(name, secrets): _redact(each, secrets) for name, each in value.items()}
    return [_redact(each, secrets) for each in value] if isinstance(value, list) else value
