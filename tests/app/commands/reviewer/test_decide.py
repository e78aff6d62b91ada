"""`pelagos decide`: what waits, in 80 columns and as JSON; decisions; and what can't be decided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.launch import drive
from agents.setup.create import create
from app.live.board import list_rows
from app.main import app
from app.record import folders
from pelagos.errors import BadInput
from tests.agents.review.test_review import launch
from tests.agents.scripted import ScriptedAssembly
from tests.agents.test_loop import make_settings
from tests.toolchains.table import write_task


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, assembly = launch(tmp_path_factory.mktemp("project"), lanes=2, hypotheses=2)
    drive(run, assembly=assembly)
    return run


def run_with(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["decide", *arguments], env={"COLUMNS": "80"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_what_waits_is_a_table_of_80_columns_with_the_command(folder: Path) -> None:
    lines = run_with(str(folder)).splitlines()
    assert lines[0].split() == ["id", "title", "target", "decision", "seen"]
    assert [line.split()[0] for line in lines[1:3]] == ["h1", "h2"]
    assert max(map(len, lines[:3])) <= 80
    assert lines[3] == f"pelagos decide {folder} h1 accept|reject|revise [--note TEXT]"


def test_the_same_as_json_with_the_plans(folder: Path) -> None:
    items = json.loads(run_with(str(folder), "--json"))
    assert [item["id"] for item in items] == ["h1", "h2"]
    assert items[0]["plans"][0]["steps"]
    assert len(items[0]["seen"]) >= 16


def test_a_decision_is_recorded_shown_and_replaced(folder: Path) -> None:
    assert f"h2: reject; go on by `pelagos resume {folder}`" in run_with(str(folder), "h2", "reject")
    assert "h2: accept, in place of reject" in run_with(str(folder), "h2", "accept", "--note", "small steps")
    assert json.loads(run_with(str(folder), "--json"))[1]["note"] == "small steps"
    record = folders.read_record(folder)
    assert [row.state for row in sorted(list_rows(record), key=lambda row: row.id)] == [
        "waits for a review",
        "waits for a review: accept",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "run 'nowhere': no run folder"),
        (["RUN", "h9", "accept"], "hypothesis 'h9': not in this run, which has h1, h2"),
        (["RUN", "h1"], "decide h1: say accept, reject or revise after it"),
        (["RUN", "h1", "accept", "--seen", "12"], "h1: is not what you saw"),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        run_with(*(str(folder) if argument == "RUN" else argument for argument in arguments))
    assert str(caught.value).startswith(message)
    assert len(str(caught.value).splitlines()) == 1


def test_a_run_without_review_asks_nobody(tmp_path: Path) -> None:
    assembly = ScriptedAssembly()
    run = create(
        tmp_path, str(write_task(tmp_path / "table")), make_settings(loop={"hypotheses": 1}), tmp_path / "r", assembly
    )
    drive(run, assembly=assembly)
    with pytest.raises(BadInput, match="this run asks nobody: it was launched without --review"):
        run_with(str(run), "h1", "accept")


def test_whether_it_is_what_it_says_is_decided_in_any_run(tmp_path: Path) -> None:
    assembly = ScriptedAssembly()
    run = create(
        tmp_path, str(write_task(tmp_path / "table")), make_settings(loop={"hypotheses": 1}), tmp_path / "r", assembly
    )
    drive(run, assembly=assembly)
    assert "h1: what was done doesn't implement it: The table is changed." in run_with(
        str(run), "h1", "--implements", "no"
    )
    (row,) = list_rows(folders.read_record(run))
    assert row.title == "The table is changed"
    assert "h1: what was done implements it" in run_with(str(run), "h1", "--implements", "yes")
    assert folders.read_record(run).find_title("h1") == "Square of column a"
    with pytest.raises(BadInput, match="h9: no version of it was built"):
        run_with(str(run), "h9", "--implements", "yes")
