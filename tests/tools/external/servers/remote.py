"""An MCP server over streamable HTTP, of the official SDK: it answers with the header that it was sent."""

from __future__ import annotations

import sys

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("remote")


@server.tool()
def greet(name: str, ctx: Context) -> str:
    """Greet somebody by name."""
    headers = ctx.headers or {}
    return f"Hello {name}, you sent {headers.get('x-key')}"


if __name__ == "__main__":
    server.run(transport="streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
