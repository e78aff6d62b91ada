"""A server at an address is asked by streamable HTTP, from a plain process: the sandbox has no network."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pelagos.external_tools import ExternalTools
from tests.tools.external.asked import HERE, list_from

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(HERE / "servers" / "remote.py"), str(port)], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def settle(url: str, **server: object) -> ExternalTools:
    return ExternalTools(**{"mcpServers": {"far": {"url": url, **server}}, "allow": ["far.*"]})


def test_it_is_listed_and_called_with_the_headers_that_it_was_given(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_KEY", "a-very-secret-value")
    far = list_from(settle(address, headers={"X-Key": "${FAR_KEY}"}))
    assert far.faults == [] and [tool.name for tool in far.tools] == ["far.greet"]
    answer = far.call(name="Ada")
    assert answer.reply.text == "Hello Ada, you sent [key]"
    assert answer.isolation == "unsafe (no isolation)"


def test_one_that_is_not_there_and_a_variable_that_is_not_set_are_named(address: str, tmp_path: Path) -> None:
    gone = list_from(settle("http://127.0.0.1:9/mcp"))
    assert gone.tools == [] and gone.faults[0].startswith("far: left out: at its start: ")
    unset = list_from(settle(address, headers={"X-Key": "${NO_SUCH_VARIABLE}"}))
    assert unset.faults == [
        "far: left out: the variable NO_SUCH_VARIABLE isn't set: export it, or take it out of mcpServers"
    ]
