"""The example of an MCP server: the official client lists its tools and calls one. Nothing of Pelagos takes part."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.examples.places import EXAMPLES

SERVER = EXAMPLES / "mcp_server" / "server.py"


def test_the_official_client_lists_and_calls_its_tools() -> None:
    mcp = pytest.importorskip("mcp", reason="pip install 'pelagos[mcp]'")
    parameters = mcp.StdioServerParameters(command=sys.executable, args=[str(SERVER)])

    async def ask() -> tuple[list[str], str]:
        async with mcp.Client(parameters, read_timeout_seconds=30) as client:
            tools = (await client.list_tools()).tools
            answer = await client.call_tool("orbital_period", {"radius_m": 6.771e6, "mass_kg": 5.972e24})
            return [tool.name for tool in tools], answer.content[0].text

    names, text = asyncio.run(ask())
    assert names == ["orbital_period", "orbital_speed"]
    assert float(text) / 60 == pytest.approx(92.4, abs=0.5)  # minutes, of the space station's orbit


def test_it_is_as_short_as_its_readme_says() -> None:
    code = [line for line in SERVER.read_text().splitlines() if line.strip() and '"""' not in line]
    assert len(code) <= 15
