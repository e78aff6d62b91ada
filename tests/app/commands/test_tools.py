from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from pelagos.errors import BadInput

PACKS = Path("tests/tools/analysis/contract")
BROKEN = '''
def broken(data):
    """Do nothing.

    Produces: wonders
    """
'''


def test_the_shipped_tools_are_listed() -> None:
    done = CliRunner().invoke(app, ["tools", "list", "--json"])
    shown = json.loads(done.output)
    assert shown["faults"] == []
    found = {row["tool"]: row for row in shown["tools"]}
    assert found["differential_abundance"]["relation"] == "feature ~ group"
    assert found["differential_abundance"]["refuses"] == "batch_corrected, imputed, scaled"


def test_a_file_is_listed_and_what_is_broken_in_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "mine.py").write_text((PACKS / "astronomy.py").read_text() + BROKEN)
    done = CliRunner().invoke(app, ["tools", "list", str(tmp_path / "mine.py")])
    assert "colour_difference" in done.output
    assert "left out: mine.broken: mine.py:" in done.output


def test_a_sound_tool_of_a_file_is_checked(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["tools", "check", str(PACKS / "astronomy.py")])
    assert done.exit_code == 0, done.output
    assert "colour_difference: sound" in done.output
    (tmp_path / "mine.py").write_text(BROKEN)
    done = CliRunner().invoke(app, ["tools", "check", str(tmp_path / "mine.py")])
    assert done.exit_code == 2
    assert "wonders is no data state" in done.output


@pytest.mark.parametrize(
    ("ref", "line"), [("proteomic", "did you mean 'proteomics'?"), ("README.md", "is no Python file")]
)
def test_what_is_no_pack_is_said(ref: str, line: str) -> None:
    done = CliRunner().invoke(app, ["tools", "check", ref])
    assert done.exit_code != 0
    assert line in str(done.exception) + done.output


def test_a_file_without_a_tool_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    done = CliRunner().invoke(app, ["tools", "check", str(tmp_path / "empty.py")])
    assert isinstance(done.exception, BadInput)
    assert "no tool in it" in str(done.exception)
