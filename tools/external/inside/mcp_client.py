"""Asks one MCP server: starts it or connects to it, lists its tools, and calls one if the request says so.

The official client negotiates the version, old handshakes among them. The server gets no wish of its own fulfilled: no
sampling, no elicitation, no roots.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import anyio
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from replies import (  # type: ignore[import-not-found]
    MOST_TOOLS,
    TimeLimit,
    describe_error,
    describe_tool,
    end,
    find_argument_fault,
    read_request,
)

MOST_PAGES = 20


async def ask(request: dict[str, Any]) -> None:
    """Ask the server and write the reply; every failure is a reply."""
    limit, stage = TimeLimit(request), "start"
    limit.begin(stage, request["start_s"])
    try:
        client = await _connect(request)
        version, tools = _name_version(client), await _list_tools(client)
        if request["call"] is None:
            end(request, version=version, tools=[_describe(tool) for tool in tools[:MOST_TOOLS]])
        stage = "call"
        limit.begin(stage, request["call_s"])
        _check_call(request, version)
        result = await client.call_tool(request["call"]["tool"], request["call"]["arguments"])
        text = _join(result)[: request["output_chars"]]
        end(request, version=version, refused=bool(result.is_error), text=text)
    except BaseException as error:  # the border to other people's programs: whatever happens is a line
        end(request, fault=f"at its {stage}: {describe_error(error)}")


async def _connect(request: dict[str, Any]) -> Client:
    """Return the connected client. It is never closed: this process ends with the reply."""
    if not request["url"]:
        # All of this clean environment: the sandbox finds by its label what it has to kill.
        environment = {**os.environ, **request["env"]}
        parameters = StdioServerParameters(command=request["argv"][0], args=request["argv"][1:], env=environment)
        return await Client(parameters).__aenter__()
    http = create_mcp_http_client(headers=request["headers"])
    return await Client(streamable_http_client(request["url"], http_client=http)).__aenter__()


async def _list_tools(client: Client) -> list[Any]:
    """Return the tools of all pages; a server may not page for ever."""
    tools, cursor = [], None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None or len(tools) >= MOST_TOOLS:
            break
    return tools


def _check_call(request: dict[str, Any], version: str) -> None:
    """End with a fault where the arguments don't fit the schema that planning was told."""
    if fault := find_argument_fault(request["call"]["arguments"], request["call"]["parameters"]):
        end(request, version=version, fault=f"the arguments don't fit its schema: {fault}")


def _describe(tool: Any) -> dict[str, Any]:
    described: dict[str, Any] = describe_tool(tool.name, tool.description or "", tool.input_schema)
    return described


def _name_version(client: Client) -> str:
    info = client.server_info
    return f"{info.name} {info.version}, protocol {client.protocol_version}" if info else client.protocol_version


def _join(result: Any) -> str:
    """The answer as text: text as it is, anything else by its kind."""
    parts = [part.text if part.type == "text" else f"[{part.type}: not read]" for part in result.content]
    return "\n".join(parts) or str(result.structured_content or "")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # the client logs whatever a server writes that is no message
    anyio.run(ask, read_request())
