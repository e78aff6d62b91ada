"""What is offered and what is not: permissions, names of tasks, small models, and a listing that is asked for once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pelagos.external_tools import NO_TOOLS, ExternalTools, TaskTools
from pelagos.facts.external import ToolListing
from sandbox.border.reading import Invalid
from sandbox.border.tool_reply import MOST_SCHEMA_CHARS, ToolReply, read_tool_reply
from sandbox.protocol import Outcome, Spec
from tests.tools.world import World
from tools.external.asking import REPLY, Asker
from tools.external.binding import bind_command
from tools.external.sources import list_sources, uses_network
from tools.external.toolbox import Toolbox


class Told:
    """A sandbox that runs nothing: every source tells these tools, and answers with its own request's tool."""

    name = "told"

    def __init__(self, *tools: str, answer: str = "42") -> None:
        self.tools, self.answer, self.specs = tools, answer, list[Spec]()

    def run(self, spec: Spec, on_line: Any = None) -> Outcome:
        self.specs.append(spec)
        calls = b'"call": null' not in spec.files["request.json"]
        described = [{"name": name, "description": name, "parameters": {"type": "object"}} for name in self.tools]
        reply = {"version": "told 1", "text": self.answer} if calls else {"version": "told 1", "tools": described}
        return Outcome("ok", files={REPLY: ToolReply.model_validate(reply).model_dump_json().encode()})


def open_toolbox(folder: Path, told: Told, task: TaskTools = NO_TOOLS, **settings: Any) -> Toolbox:
    world = World(folder, told, None)
    servers = {"mcpServers": {"s": {"command": "python"}, "t": {"command": "python"}}}
    return Toolbox(Asker(ExternalTools(**{**servers, **settings}), folder, told), task, world.steps, world.artifacts)


def names(toolbox: Toolbox, strong: bool = True) -> list[str]:
    return [tool.name for tool in toolbox.offer(strong)]


def test_nothing_is_allowed_or_started_unasked(tmp_path: Path) -> None:
    told = Told("one")
    toolbox = open_toolbox(tmp_path, told)
    assert names(toolbox) == [] and told.specs == []
    assert toolbox.listing.faults == [
        f'{name}: not allowed: add "{name}.*" to allow under [external] in pelagos.toml' for name in "st"
    ]


def test_allowed_tools_are_offered_and_a_server_without_one_is_not_started(tmp_path: Path) -> None:
    told = Told("one", "two")
    toolbox = open_toolbox(tmp_path, told, allow=["s.o*"])
    assert names(toolbox) == ["s.one"] and len(told.specs) == 1
    assert toolbox.call("s.two", {}, "?", "p", "h").fault.startswith('not allowed: add "s.two"')
    assert toolbox.call("t.one", {}, "?", "p", "h").fault == "no such tool"
    assert len(told.specs) == 1


def test_a_small_model_is_offered_only_what_the_task_names_and_few(tmp_path: Path) -> None:
    told = Told("one", "two", "three", "four")
    assert names(open_toolbox(tmp_path / "a", told, allow=["*.*"]), strong=False) == []
    named = TaskTools(allow=["s.*"])
    assert names(open_toolbox(tmp_path / "b", told, named, allow=["*.*"]), strong=False) == [
        "s.one",
        "s.two",
        "s.three",
    ]
    assert len(names(open_toolbox(tmp_path / "c", told, named, allow=["*.*"]))) == 4
    assert names(open_toolbox(tmp_path / "d", told, named)) == []  # a task allows nothing
    assert names(open_toolbox(tmp_path / "e", told, allow=["*.*"], calls=0)) == []


def test_listing_and_calls_are_made_once_and_outlive_the_process(tmp_path: Path) -> None:
    told = Told("one")
    toolbox = open_toolbox(tmp_path, told, allow=["s.*"])
    first = toolbox.call("s.one", {"a": 1}, "What?", "h1-p1", "h1")
    assert toolbox.artifacts.text(first.output) == "42"
    assert toolbox.call("s.one", {"a": 1}, "What else?", "h1-p2", "h1") == first
    assert len(told.specs) == 2
    changed = Told("one", "another", answer="changed later")
    again = Toolbox(Asker(toolbox.asker.settings, tmp_path, changed), NO_TOOLS, toolbox.steps, toolbox.artifacts)
    assert names(again) == ["s.one"] and again.call("s.one", {"a": 1}, "?", "p", "h1") == first
    assert changed.specs == []
    assert len(toolbox.steps.ledger.facts(ToolListing)) == 1
    assert again.call("s.one", {"a": 1}, "?", "p", "h2").output != first.output  # another hypothesis asks for itself


def test_the_settings_server_wins_over_the_tasks_and_only_it_may_use_the_network(tmp_path: Path) -> None:
    settings = ExternalTools(mcpServers={"s": {"command": "mine"}}, network=["s", "x"])
    task = TaskTools(mcpServers={"s": {"command": "theirs"}, "x": {"command": "x"}, "u": {"url": "https://u.test"}})
    sources = {source.name: source for source in list_sources(settings, task)}
    assert sources["s"].server and sources["s"].server.command == "mine"
    assert {name: uses_network(source, settings) for name, source in sources.items()} == {
        "s": True,
        "x": False,
        "u": False,
    }
    fault = Asker(settings, tmp_path, Told()).ask(sources["u"]).reply.fault
    assert fault == "a task can't name an address: name the server in pelagos.toml"


def test_a_task_reads_no_variable_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "a-very-secret-value")
    task = TaskTools(mcpServers={"x": {"command": "python", "env": {"KEY": "${MINE}"}}})
    [source] = list_sources(ExternalTools(), task)
    fault = Asker(ExternalTools(), tmp_path, Told()).ask(source).reply.fault
    assert fault == "a task can't name variables of the environment: name the server in pelagos.toml"


def test_a_virtual_environment_is_bound_and_files_among_the_arguments_as_well(tmp_path: Path) -> None:
    script = tmp_path / "venv" / "bin" / "serve"
    script.parent.mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin")
    script.write_text("#!/somewhere/bin/python\n")
    (tmp_path / "data.csv").write_text("a")
    bound = bind_command("venv/bin/serve", ["--data", "data.csv", "--quiet"], tmp_path, {})
    assert bound.argv == ["server/bin/python", "server/bin/serve", "--data", "given/1/data.csv", "--quiet"]
    assert bound.readonly == {"server": tmp_path / "venv", "given/1/data.csv": tmp_path / "data.csv"}


def test_an_argument_in_a_folder_that_is_shown_is_named_in_it(tmp_path: Path) -> None:
    script = tmp_path / "node_modules" / "served" / "index.js"
    script.parent.mkdir(parents=True)
    script.write_text("")
    shown = {"files/node_modules": tmp_path / "node_modules"}
    bound = bind_command("sh", ["node_modules/served/index.js"], tmp_path, shown)
    assert bound.argv[1:] == ["files/node_modules/served/index.js"] and bound.readonly == {}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "reply: not JSON"),
        (b"[" * 100_000, "reply: nested too deep"),
        (b'{"tools": [{"name": 3}]}', "reply: tools.0.name"),
        (b'{"text": 3}', "reply: text"),
        (b'{"tools": [{"name": "a", "parameters": {"a": "' + b"x" * MOST_SCHEMA_CHARS + b'"}}]}', "reply: tools.0.parameters"),
        (b'{"tools": [' + b",".join([b'{"name": "a"}'] * 65) + b"]}", "reply: tools"),
        (b'{"text": NaN}', "reply: not JSON"),
    ],
)  # fmt: skip
def test_a_reply_is_read_by_strict_types(raw: bytes, reason: str) -> None:
    found = read_tool_reply(raw)
    assert isinstance(found, Invalid) and found.reason.startswith(reason)
