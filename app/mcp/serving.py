"""Serves the MCP server over HTTP on loopback, behind a token."""

from __future__ import annotations

import hmac
import secrets
import socket
import sys
from typing import Any

import uvicorn
from mcp.server import MCPServer

from pelagos.errors import BadInput

HOST, PATH = "127.0.0.1", "/mcp"
TOKEN_VARIABLE = "PELAGOS_MCP_TOKEN"  # noqa: S105 - the name of a variable
MIN_TOKEN = 16


class TokenGate:
    """Lets requests through that carry the token; anything else gets 401. WebSockets are refused."""

    def __init__(self, app: Any, token: str) -> None:
        self._app, self._wanted = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = dict(scope.get("headers") or ()).get(b"authorization", b"")
        if scope["type"] == "http" and hmac.compare_digest(given, self._wanted):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"the token is missing or wrong\n"})


def serve_http(server: MCPServer[Any], port: int, token: str) -> None:
    """Serve until a signal; print the address and the token on stderr. Port 0 takes a free one. Raises BadInput where
    the port is in use or the token is short."""
    if token and len(token) < MIN_TOKEN:
        raise BadInput(f"{TOKEN_VARIABLE}: is too short: give at least {MIN_TOKEN} characters")
    held, token = token, token or secrets.token_urlsafe(32)
    with _listen(port) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}{PATH}"
        said = f"the token of {TOKEN_VARIABLE}" if held else f"Authorization: Bearer {token}"
        sys.stderr.write(f"MCP at {address}\nevery request needs {said}\n")
        sys.stderr.flush()
        app = TokenGate(server.streamable_http_app(streamable_http_path=PATH, host=HOST), token)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on")).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # who reads the address may ask at once
    except OSError as error:
        listener.close()
        raise BadInput(f"--http {port}: can't be listened on: {error.strerror}: name another port, or 0") from None
    return listener
