"""The official client lists and calls the server: over stdio, over HTTP, and in this process."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from app.mcp.project import Project
from app.mcp.server import make_server
from pelagos.visible import make_visible
from tests.app.conftest import HOSTILE
from tests.app.mcp.clients import http_server, read_text, stdio
from tests.tools.code.conftest import PROGRAM, make_task

NAMES = {
    "list_runs", "status", "hypotheses", "hypothesis", "report", "check_idea", "start_run", "judge_experiment", "decide",
}  # fmt: skip


def call(project: Path, name: str, writable: bool = False, **arguments: Any) -> Any:
    """Call one tool of a server in this process."""

    async def ask() -> Any:
        async with Client(make_server(Project(project, writable))) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(ask())


def test_a_child_process_lists_its_tools_and_answers(run_folder: Path) -> None:
    async def ask() -> None:
        async with stdio(run_folder.parents[1]) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == NAMES
            assert all(tool.output_schema and tool.description for tool in tools.values())
            assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == NAMES - {
                "start_run", "judge_experiment", "decide",
            }  # fmt: skip
            runs = (await client.call_tool("list_runs", {})).structured_content
            assert [run["run"] for run in runs["runs"]] == ["demo"]
            page = (await client.call_tool("hypotheses", {"run": "demo", "limit": 1})).structured_content
            assert (page["total"], page["next_offset"]) == (2, 1)
            refused = await client.call_tool("start_run", {"task": "digits"})
            assert refused.is_error
            assert "this server only reads" in read_text(refused)
            assert "add --allow-write" in read_text(refused)

    asyncio.run(ask())


def test_http_needs_the_token_and_the_right_host(run_folder: Path) -> None:
    async def ask(address: str, token: str) -> list[str]:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as authorized,
            Client(streamable_http_client(address, http_client=authorized)) as client,
        ):
            status = (await client.call_tool("status", {"run": "demo"})).structured_content
            assert status["state"] == "finished"
            return [tool.name for tool in (await client.list_tools()).tools]

    with http_server(run_folder.parents[1]) as (address, token):
        assert set(asyncio.run(ask(address, token))) == NAMES
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        assert httpx.post(address, json=body).status_code == 401
        assert httpx.post(address, json=body, headers={"Authorization": f"Bearer {token}x"}).status_code == 401
        foreign = {"Authorization": f"Bearer {token}", "Host": "evil.example"}
        assert httpx.post(address, json=body, headers=foreign).status_code in (403, 421)
        assert token not in address


def test_hostile_texts_are_cleaned_and_bounded(run_folder: Path) -> None:
    result = call(run_folder.parents[1], "hypothesis", run="demo", id="h2")
    detail = result.structured_content
    assert make_visible(HOSTILE) in detail["title"]
    text = json.dumps(result.structured_content) + read_text(result)
    assert "\\u001b" not in text
    assert len(text) < 100_000
    assert detail["diff"].startswith("--- a/train.py")
    assert detail["state"] == "refuted"


def test_a_report_is_returned_in_pages_and_no_file_is_written(run_folder: Path) -> None:
    before = sorted(run_folder.iterdir())
    page = call(run_folder.parents[1], "report", run="demo").structured_content
    assert page["markdown"].startswith("# ")
    assert page["total_chars"] >= len(page["markdown"])
    assert [path for path in sorted(run_folder.iterdir()) if path not in before and "-" not in path.name] == []


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("status", {"run": "dmo"}, "did you mean demo?"),
        ("status", {"run": "../../../etc"}, "no run of this project"),
        ("hypothesis", {"run": "demo", "id": "h9"}, "not in this run, which has h1, h2"),
        ("hypotheses", {"run": "demo", "limit": 100_000}, "less than or equal to 100"),
        ("check_idea", {"idea": "."}, "idea: is empty"),
        (
            "check_idea",
            {"idea": "A thing. Do it.", "task": "nowhere"},
            "neither a folder of this project nor a shipped task",
        ),
        ("check_idea", {"idea": "A thing. Do it.", "task": "x" * 400}, "neither a folder of this project"),
        ("check_idea", {"idea": "A thing. Do it.", "task": "a\0b"}, "neither a folder of this project"),
        ("check_idea", {"idea": "A thing. Do it.", "task": "/"}, "neither a folder of this project"),
        ("decide", {"run": "demo", "hypothesis": "h1", "decision": "accept"}, "tested or ended already"),
        ("judge_experiment", {"task": "lines", "files": {}}, "name at least one changed file"),
        ("judge_experiment", {"task": "lines", "files": {"../fit.py": "x"}}, "write a path below the task's folder"),
        ("judge_experiment", {"task": "lines", "files": {"fit.py/x": "", "fit.py": ""}}, "can't be a file"),
    ],
)
def test_a_fault_of_the_caller_is_one_clear_line(
    run_folder: Path, name: str, arguments: dict[str, Any], expected: str
) -> None:
    result = call(run_folder.parents[1], name, writable=True, **arguments)
    assert result.is_error
    assert expected in read_text(result)


@pytest.mark.slow
def test_an_agent_judges_its_program_over_stdio(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    files = {"fit.py": PROGRAM.replace("scale(x) @ weights", "scale(x) @ weights * 0.5")}

    async def ask() -> dict[str, Any]:
        async with stdio(tmp_path, "--allow-write") as client:
            arguments = {"task": "lines", "files": files, "idea": "Half. Multiply the predictions by one half."}
            started = await client.call_tool("judge_experiment", arguments)
            assert not started.is_error, read_text(started)
            run, until = started.structured_content["run"], time.monotonic() + 100
            while time.monotonic() < until:
                status = (await client.call_tool("status", {"run": run})).structured_content
                if status["state"] != "running":
                    break
                await asyncio.sleep(1)
            assert status["state"] == "finished", status
            found: dict[str, Any] = (await client.call_tool("hypothesis", {"run": run, "id": "h1"})).structured_content
            return found

    detail = asyncio.run(ask())
    assert detail["state"] == "refuted"
    assert "* 0.5" in detail["diff"]
    assert detail["high"] < 0
    shutil.rmtree(tmp_path / "runs")
