"""Who is notified is what `pelagos.toml` says where `run` or `resume` is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agents.launch import drive
from agents.setup.create import create
from tests.agents.scripted import Inventive, ScriptedAssembly, make_short_settings
from tests.app.command import assert_bad_input, run_pelagos
from tests.toolchains.table import write_task


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project, assembly = tmp_path_factory.mktemp("project"), ScriptedAssembly(Inventive())
    task = str(write_task(project / "table"))
    drive(create(project, task, make_short_settings(1), project / "runs" / "r", assembly), assembly=assembly)
    return project


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "project")


def test_the_settings_of_this_folder_are_told_once(project: Path) -> None:
    program = project / "tell.sh"
    program.write_text("#!/bin/sh\ntail -n 1 >> told\n")
    program.chmod(0o755)
    (project / "pelagos.toml").write_text("[notify]\ncommand = './tell.sh now'\non = ['ended']\n")
    for _ in range(2):
        assert run_pelagos("resume", "r", folder=project).returncode == 0
    (line,) = (project / "told").read_text().splitlines()
    assert json.loads(line)["status"] == "finished"


def test_a_command_that_is_not_there_is_one_line_before_anything_runs(project: Path) -> None:
    (project / "pelagos.toml").write_text("[notify]\ncommand = 'no-such-program-here'\n")
    result = run_pelagos("resume", "r", folder=project)
    assert_bad_input(result, "pelagos: notify.command: 'no-such-program-here' is not on PATH")
