"""One real vLLM server with the tiny twin for all tests that want one."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from agents.models.locate import locate
from agents.models.vllm_env import find_python
from agents.models.vllm_server import running
from pelagos.errors import MissingPart


@pytest.fixture(scope="session")
def vllm_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a server that answers to the name smollm2-135m; skips where there is no environment for it."""
    try:
        find_python()
    except MissingPart as missing:
        pytest.skip(str(missing))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with running(locate("smollm2-135m").path, "smollm2-135m", port, 8192, log) as served:
        yield served
