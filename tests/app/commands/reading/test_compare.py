from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.app.command import assert_bad_input, run_pelagos


@pytest.fixture
def project(run_folder: Path) -> Path:
    shutil.copytree(run_folder, run_folder.with_name("other"))
    return run_folder.parents[1]


def test_two_runs_are_tables(project: Path) -> None:
    text = run_pelagos("compare", "demo", "other", folder=project).stdout
    assert "How far hypotheses came" in text
    assert next(line.split() for line in text.splitlines() if "proposed" in line) == ["proposed", "2", "2"]
    assert "Settings that differ" not in text  # none does


def test_two_hypotheses_of_two_runs(project: Path) -> None:
    result = run_pelagos("compare", "demo/h1", "other/h2", "--json", folder=project)
    compared = json.loads(result.stdout)
    assert compared["warnings"] == []
    assert {"name": "effect", "a": "+0.05", "b": "−0.03", "differs": True} in compared["Numbers"]


def test_a_run_by_its_path_and_its_hypothesis(project: Path) -> None:
    result = run_pelagos("compare", str(project / "runs/demo/h1"), "other/h1", folder=project)
    assert "supported" in result.stdout


def test_bad_input_is_one_line(project: Path) -> None:
    assert_bad_input(run_pelagos("compare", "demo", "demo/h1", folder=project), "give two of a kind")
    assert_bad_input(run_pelagos("compare", "demo", "nowhere", folder=project), "run 'nowhere'")
    assert_bad_input(run_pelagos("compare", "demo/h1", "demo/h7", folder=project), "hypothesis 'h7'")
