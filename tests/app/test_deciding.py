"""`pelagos decide`: what waits, in 80 columns and as JSON; decisions; and what can't be decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.launch import create, drive
from app import folders
from app.board import rows
from app.main import app
from pelagos.errors import BadInput
from tests.agents.scripted import ScriptedParts
from tests.agents.test_loop import settings
from tests.agents.test_review import launch
from tests.toolchains.table import write_task


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, parts = launch(tmp_path_factory.mktemp("project"), lanes=2, hypotheses=2)
    drive(run, parts=parts)
    return run


def run_with(*told: str) -> str:
    done = CliRunner().invoke(app, ["decide", *told], env={"COLUMNS": "80"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_what_waits_is_a_table_of_80_columns_with_the_command(folder: Path) -> None:
    lines = run_with(str(folder)).splitlines()
    assert lines[0].split() == ["id", "title", "target", "decision", "seen"]
    assert [line.split()[0] for line in lines[1:3]] == ["h1", "h2"]
    assert max(map(len, lines[:3])) <= 80
    assert lines[3] == f"pelagos decide {folder} h1 accept|reject|revise [--note TEXT]"


def test_the_same_as_json_with_the_plans(folder: Path) -> None:
    found = json.loads(run_with(str(folder), "--json"))
    assert [one["id"] for one in found] == ["h1", "h2"]
    assert found[0]["plans"][0]["steps"]
    assert len(found[0]["seen"]) >= 16


def test_a_decision_is_recorded_shown_and_replaced(folder: Path) -> None:
    assert f"h2: reject; go on by `pelagos resume {folder}`" in run_with(str(folder), "h2", "reject")
    assert "h2: accept, in place of reject" in run_with(str(folder), "h2", "accept", "--note", "small steps")
    assert json.loads(run_with(str(folder), "--json"))[1]["note"] == "small steps"
    record = folders.read(folder)
    assert [row.state for row in sorted(rows(record), key=lambda row: row.id)] == [
        "waits for a review",
        "waits for a review: accept",
    ]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["nowhere"], "run 'nowhere': no run folder"),
        (["RUN", "h9", "accept"], "hypothesis 'h9': none of this run's: h1, h2"),
        (["RUN", "h1"], "decide h1: say accept, reject or revise after it"),
        (["RUN", "h1", "accept", "--seen", "12"], "h1: is not what you saw"),
    ],
)
def test_bad_input_is_one_line(folder: Path, told: list[str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        run_with(*(str(folder) if one == "RUN" else one for one in told))
    assert str(caught.value).startswith(said)
    assert len(str(caught.value).splitlines()) == 1


def test_a_run_without_review_asks_nobody(tmp_path: Path) -> None:
    parts = ScriptedParts()
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings(loop={"hypotheses": 1}), tmp_path / "r", parts)
    drive(run, parts=parts)
    with pytest.raises(BadInput, match="this run asks nobody: it was launched without --review"):
        run_with(str(run), "h1", "accept")
