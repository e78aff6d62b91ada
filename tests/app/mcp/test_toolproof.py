"""A third-party tester of MCP servers, in an environment of its own, calls every tool with generated inputs."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.app.mcp.clients import COMMAND, ENVIRONMENT

PINS = ("mcp-toolproof==0.3.1", "skills-ref==0.1.1", "hypothesis==6.130.0")
"""Hypothesis is pinned, since the tester's generator doesn't know newer ones."""
SKILL = Path(__file__).parents[3] / "app" / "skills" / "pelagos"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the tester's commands."""
    folder = tmp_path_factory.mktemp("toolproof") / "venv"
    venv.create(folder, with_pip=True)
    done = subprocess.run([folder / "bin" / "pip", "install", "-q", *PINS], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the tester can't be installed here: {done.stderr[-300:]}")
    return folder / "bin"


@pytest.mark.parametrize("options", [(), ("--allow-write",)])
def test_generated_inputs_crash_no_tool(tools: Path, run_folder: Path, options: tuple[str, ...]) -> None:
    project = run_folder.parents[1]
    report = project / "report.json"
    fuzz = [tools / "toolproof", "fuzz", "--examples", "15", "--max-time", "20", "--seed", "1", "--json", report]
    variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]  # the tester hands few of its own on
    command = [*fuzz, "--", "env", *variables, sys.executable, *COMMAND, *options, "--project", project]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert json.loads(report.read_text())


def test_the_skill_is_valid(tools: Path) -> None:
    done = subprocess.run([tools / "agentskills", "validate", SKILL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
