"""The official SDK's client, connected to `pelagos mcp` as a child process or over HTTP."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "PATH": os.environ["PATH"],
    "PELAGOS_MODELS__EMBEDDER": "hashing",
    "PELAGOS_LITERATURE__SOURCES": '["corpus"]',
}
COMMAND = ("-m", "app.main", "mcp")


@contextlib.asynccontextmanager
async def stdio(project: Path, *options: str) -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=sys.executable, args=[*COMMAND, *options], env=ENVIRONMENT, cwd=str(project)
    )
    async with Client(stdio_client(parameters), read_timeout_seconds=60) as client:
        yield client


@contextlib.contextmanager
def http_server(project: Path, **environment: str) -> Iterator[tuple[str, str]]:
    """Yield address and token, as the server printed them."""
    child = subprocess.Popen(
        [sys.executable, *COMMAND, "--http", "0"],
        cwd=project,
        env={**ENVIRONMENT, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    try:
        address, token = (child.stderr.readline().split()[-1] for _ in range(2))
        yield address, token
    finally:
        child.terminate()
        child.wait(10)
        child.stderr.close()


def read_text(result: Any) -> str:
    return str(result.content[0].text)
