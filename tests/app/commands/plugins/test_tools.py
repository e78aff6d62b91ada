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


FUNCTIONS = '''
def double(value: float) -> float:
    """Twice the value."""
    return 2 * value


def untyped(value):
    """Give it back."""
    return value
'''


def test_functions_for_programs_are_listed_and_tried(tmp_path: Path) -> None:
    (tmp_path / "mytools").mkdir()
    (tmp_path / "mytools" / "sound.py").write_text(FUNCTIONS)
    (tmp_path / "mytools" / "prints.py").write_text("print('hello')\n" + FUNCTIONS.replace("double", "twice"))
    (tmp_path / "mytools" / "stars.py").write_text((PACKS / "astronomy.py").read_text() + "\nprint('hello')\n")
    listed = json.loads(CliRunner().invoke(app, ["tools", "list", "--json", str(tmp_path / "mytools")]).output)
    assert {row["tool"] for row in listed["tools"]} == {"colour_difference", "to_magnitudes"}
    assert [row["import"] for row in listed["functions"]] == [
        "from pelagos_tools.mytools.prints import twice",
        "from pelagos_tools.mytools.sound import double",
    ]
    done = CliRunner().invoke(app, ["tools", "check", "--json", str(tmp_path / "mytools")])
    assert done.exit_code == 2
    checked = json.loads(done.output)
    assert checked["findings"]["double"] == []
    assert checked["findings"]["pelagos_tools.mytools.prints"] == [
        "prints.py:1: prints when it is imported; move that into a function"
    ]
    assert "stars.py" in checked["findings"]["pelagos_tools.mytools.stars"][0]
    assert not {"twice", "colour_difference"} & set(checked["findings"])
    assert [fault.partition(";")[0] for fault in checked["faults"]] == [
        "mytools.untyped: prints.py:8: parameter has no type: value",
        "mytools.untyped: sound.py:7: parameter has no type: value",
    ]


def test_drop_ins_of_the_project_are_listed_beside_the_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mytools").mkdir()
    (tmp_path / "mytools" / "sound.py").write_text(FUNCTIONS)
    (tmp_path / "mytools" / "stars.py").write_text((PACKS / "astronomy.py").read_text())
    (tmp_path / "pelagos.toml").write_text('tools = ["./mytools"]\n')
    monkeypatch.chdir(tmp_path)
    listed = json.loads(CliRunner().invoke(app, ["tools", "list", "--json"]).output)
    packs = {row["tool"]: row["pack"] for row in listed["tools"]}
    assert (packs["colour_difference"], packs["differential_abundance"]) == ("mytools", "proteomics")
    assert [row["import"] for row in listed["functions"]] == ["from pelagos_tools.mytools.sound import double"]
    assert listed["faults"] == [
        "mytools.untyped: sound.py:7: parameter has no type: value; write 'value: float' or what it is, or let its name "
        "begin with _ if it is no tool"
    ]
    (tmp_path / "pelagos.toml").write_text('tools = ["./none"]\n')
    done = CliRunner().invoke(app, ["tools", "list"])
    assert isinstance(done.exception, BadInput) and "no such file or folder of tools" in str(done.exception)


def test_a_skill_is_checked_and_listed_with_whether_it_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".agents" / "skills" / "fit-well"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "fit.py").write_text("raise SystemExit('it ran')")
    (folder / "SKILL.md").write_text("---\nname: fit-well\ndescription: How it is done.\n---\nDo it.\n")
    (folder.parent / "bad" / "SKILL.md").parent.mkdir()
    (folder.parent / "bad" / "SKILL.md").write_text("---\nname: bad\n---\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["tools", "check", str(folder), str(folder.parent / "bad")])
    assert done.exit_code == 2
    assert "skill fit-well: sound" in done.output
    assert "skill bad: to mend\n  has no description; say in it" in done.output
    (tmp_path / "pelagos.toml").write_text('skills = ["fit-well"]\nskill_scripts = ["fit-well/scripts/fit.py"]\n')
    listed = json.loads(CliRunner().invoke(app, ["tools", "list", "--json"]).output)
    assert listed["skills"] == [
        {
            "skill": "fit-well",
            "offered": "on",
            "description": "How it is done.",
            "scripts": "scripts/fit.py (allowed)",
        }
    ]
    assert listed["faults"] == ["skill bad: has no description; say in it what the skill does and when it is of use"]
