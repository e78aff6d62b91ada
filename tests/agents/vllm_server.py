"""A vLLM server for tests, on a free port."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agents.models.vllm.environment import find_python
from agents.models.vllm.server import run_server
from pelagos.errors import MissingPart


def require_vllm() -> None:
    """Skip the test where there is no environment for vLLM."""
    try:
        find_python()
    except MissingPart as missing:
        pytest.skip(str(missing))


@contextmanager
def serve_vllm(model: Path, name: str, context: int, log: Path, options: Sequence[str] = ()) -> Iterator[str]:
    """Yield the server's base URL; skip the test where there is no environment for it."""
    require_vllm()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with run_server(model, name, port, context, log, options) as url:
        yield url
