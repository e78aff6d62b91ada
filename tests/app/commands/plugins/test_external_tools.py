"""`pelagos tools list|check` of servers: what they offer, what isn't allowed, and what to mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from pelagos.errors import BadInput

WIRE = Path(__file__).parents[3] / "tools" / "external" / "servers" / "wire.py"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "240")
    lines = [
        '[sandbox]\nname = "unsafe"',
        *(f'[mcpServers.{name}]\ncommand = "python"\nargs = ["{WIRE}", "{does}"]' for name, does in SERVERS.items()),
        '[external]\nallow = ["good.*", "dies.*"]',
    ]
    (tmp_path / "pelagos.toml").write_text("\n".join(lines))
    return tmp_path


SERVERS = {"good": "noise", "idle": "noise", "dies": "die at call", "broken": "die at start"}


def test_servers_are_listed_with_what_is_missing(project: Path) -> None:
    done = CliRunner().invoke(app, ["tools", "list", "good", "idle", "broken", "--json"])
    shown = json.loads(done.output)
    rows = {row["tool"]: row for row in shown["external"]}
    assert rows["good.add"]["allowed"] == "yes" and rows["good.add"]["may use"] == "no network; files: none; 30 s"
    assert rows["idle.add"]["allowed"] == 'not allowed: add "idle.add" to allow under [external] in pelagos.toml'
    assert shown["faults"] == [
        "broken: left out: at its start: MCPError: Connection closed; it wrote: fatal: no config"
    ]
    assert shown["tools"] == []


def test_check_calls_what_is_allowed_and_says_what_to_mend(project: Path) -> None:
    done = CliRunner().invoke(app, ["tools", "check", "good.add", "idle", "dies"])
    assert done.exit_code == 2
    lines = done.output.splitlines()
    assert lines[:3] == [
        "good.add: sound", "idle.add: listed",
        '  note: not called: not allowed: add "idle.add" to allow under [external] in pelagos.toml',
    ]  # fmt: skip
    assert lines[3:] == [
        "dies.add: to mend",
        "  called with {'a': 1.5, 'b': 1.5}: at its call: MCPError: Connection closed; it wrote: fatal: out of cheese",
    ]


def test_a_file_in_the_usual_form_is_read(project: Path) -> None:
    (project / "mcp.json").write_text(json.dumps({"mcpServers": {"x": {"command": "no-such-command"}}}))
    done = CliRunner().invoke(app, ["tools", "check", "mcp.json"])
    assert done.exit_code == 2
    assert "x: to mend\n  no command 'no-such-command': install it, or write its whole path\n" in done.output
    (project / "bad.json").write_text("[]")
    assert isinstance(CliRunner().invoke(app, ["tools", "check", "bad.json"]).exception, BadInput)
