"""Settings of tools from outside: the usual form is read, faults are named with where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.settings_sources import load

GOOD = """
[mcpServers.time]
command = "uvx"
args = ["mcp-server-time"]
env = {KEY = "${KEY}"}

[mcpServers.web]
type = "http"
url = "https://example.org/mcp"

[external]
allow = ["time.*"]
network = ["time"]
seconds = {time = 5}
"""


def test_the_usual_form_is_read(tmp_path: Path) -> None:
    (tmp_path / "pelagos.toml").write_text(GOOD)
    external = load(tmp_path).external_tools
    assert external.mcpServers["time"].args == ["mcp-server-time"]
    assert (external.allow, external.network, external.seconds) == (["time.*"], ["time"], {"time": 5.0})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[mcpServers.x]\nargs = []", "give either a command or a url"),
        ('[mcpServers.x]\ncommand = "a"\nurl = "https://a"', "give either a command or a url"),
        ('[mcpServers.x]\nurl = "file:///etc"', "must begin with http:// or https://"),
        ('[mcpServers."a b"]\ncommand = "a"', "server 'a b': name it by at most 40 letters"),
        ('[external]\nallow = ["time"]', "'time': write server.tool or server.*"),
        ('[external]\nlangchain = ["a b"]', "'a b': write module:object"),
        ("[external]\ncall_s = 0", "external.call_s"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "pelagos.toml").write_text(text)
    with pytest.raises(BadInput, match=r"pelagos\.toml") as raised:
        load(tmp_path)
    assert fault in str(raised.value)
