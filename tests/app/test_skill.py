"""The shipped skill is handed out as a folder that any agent can read."""

from __future__ import annotations

from pathlib import Path

from app.mcp.server import make_server
from app.skill import find_skill
from tests.app.command import assert_bad_input, run_pelagos


def test_its_place_is_printed_and_it_is_copied(tmp_path: Path) -> None:
    assert Path(run_pelagos("mcp", "--skill", "-", folder=tmp_path).stdout.strip()) == find_skill()
    for _ in range(2):  # a second time it replaces the first
        done = run_pelagos("mcp", "--skill", "skills", folder=tmp_path)
        assert done.stdout.strip() == "skills/pelagos"
    text = (tmp_path / "skills" / "pelagos" / "SKILL.md").read_text()
    assert text.startswith("---\nname: pelagos\ndescription: ")
    (tmp_path / "other" / "pelagos").mkdir(parents=True)
    assert_bad_input(run_pelagos("mcp", "--skill", "other", folder=tmp_path), "exists and is no skill")
    assert_bad_input(run_pelagos("mcp", "--project", "gone", folder=tmp_path), "no such folder")


def test_it_names_the_tools_that_the_server_has(tmp_path: Path) -> None:
    import asyncio

    from app.mcp.project import Project

    text = (find_skill() / "SKILL.md").read_text()
    tools = {tool.name for tool in asyncio.run(make_server(Project(tmp_path, False)).list_tools())}
    assert {"check_idea", "judge_experiment", "status", "hypothesis", "hypotheses", "report", "list_runs"} <= tools
    for name in ("check_idea", "judge_experiment", "status", "hypothesis", "hypotheses", "report", "list_runs"):
        assert f"`{name}`" in text
