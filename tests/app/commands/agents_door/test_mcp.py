"""What keeps the server from serving is one clear line."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.app.command import assert_bad_input, run_pelagos


def test_a_port_in_use_a_short_token_and_a_missing_project_are_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_bad_input(run_pelagos("mcp", "--http", port, folder=tmp_path), f"--http {port}: can't be listened on")
    short = run_pelagos("mcp", "--http", "0", folder=tmp_path, PELAGOS_MCP_TOKEN="short")
    assert_bad_input(short, "PELAGOS_MCP_TOKEN: is too short: give at least 16 characters")
    assert_bad_input(run_pelagos("mcp", "--project", "gone", folder=tmp_path), "--project gone: no such folder")
