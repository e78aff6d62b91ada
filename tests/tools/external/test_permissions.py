"""What a server gets hold of: in the sandbox neither the network nor any file but those it was given; outside, both."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pelagos.errors import MissingPart
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.tools.external.asked import WIRE, list_from, serve

pytestmark = pytest.mark.slow


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture
def sandbox() -> Sandbox:
    try:
        return choose("auto")
    except MissingPart as missing:
        pytest.skip(f"no sandbox here: {missing}")


def look(folder: Path, port: int, sandbox: Sandbox, **more: Any) -> dict[str, str]:
    """What the server says that it gets hold of. The path of the secret stands within a longer argument, since one that
    names a file by itself is shown."""
    (folder / "given.txt").write_text("given")
    (folder / "secret.txt").write_text("secret")
    hidden = folder / "secret.txt"
    command = f"import sys, runpy; sys.argv = ['wire', 'reach', '{port}', '{hidden}']; runpy.run_path('given/2/wire.py', run_name='__main__')"
    server = {"command": "python", "args": ["-c", command, str(WIRE)]}
    settings = serve("reach", server=server, files={"w": [folder / "given.txt"]}, **more)
    told: dict[str, str] = json.loads(list_from(settings, sandbox=sandbox).call(a=1, b=2).reply.text)
    return told


def test_in_the_sandbox_there_is_what_was_given(tmp_path: Path, port: int, sandbox: Sandbox) -> None:
    told = look(tmp_path, port, sandbox)
    assert told == {"network": "ConnectionRefusedError", "secret.txt": "FileNotFoundError", "given.txt": "given"}


def test_a_server_that_may_use_the_network_runs_outside(tmp_path: Path, port: int, sandbox: Sandbox) -> None:
    server = {"command": "python", "args": [str(WIRE), "reach", str(port), f"{tmp_path}/secret.txt"]}
    (tmp_path / "secret.txt").write_text("secret")
    answer = list_from(serve("reach", server=server, network=["w"]), sandbox=sandbox).call(a=1, b=2)
    told = json.loads(answer.reply.text)
    assert (told["network"], told["secret.txt"]) == ("reached", "secret")
    assert answer.isolation == "unsafe (no isolation)"
