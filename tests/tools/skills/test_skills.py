"""Skills: read and checked by the format's rules, off unless named; their scripts run only where allowed, sandboxed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Sandbox
from tests.examples.places import EXAMPLES
from tools.skills.finding import PROJECT_SKILLS, find_skills
from tools.skills.reading import read_skill
from tools.skills.scripts import find_scripts, run_script
from tools.skills.skill import Skill

EXAMPLE = EXAMPLES / "skill" / "residual-plots"


def write(folder: Path, head: str = "", body: str = "Do it.") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    head = head or f"name: {folder.name}\ndescription: How it is done."
    (folder / "SKILL.md").write_text(f"---\n{head}\n---\n{body}\n")
    return folder


def test_a_skill_is_read_with_its_scripts(tmp_path: Path) -> None:
    folder = write(tmp_path / "fit-well", "name: fit-well\ndescription: 'How: well.'\nlicense: MIT\nmetadata: {a: b}")
    (folder / "scripts").mkdir()
    (folder / "scripts" / "fit.py").write_text("print('fit')")
    (folder / "scripts" / "linked.py").symlink_to("/etc/passwd")
    skill = read_skill(folder)
    assert skill == Skill("fit-well", "How: well.", "Do it.", folder, ("scripts/fit.py",))
    assert isinstance(read_skill(EXAMPLE), Skill)


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("description: d", "skill fit-well: has no name; write 'name: fit-well'"),
        ("name: fit\ndescription: d", "is called 'fit' in SKILL.md; name and folder must be the same"),
        ("name: fit-well", "has no description; say in it what the skill does"),
        ("name: fit-well\ndescription: 3", "has no description"),
        ("name: fit-well\ndescription: " + "d" * 1025, "its description has 1025 characters; 1024 at most"),
        ("name: fit-well\ndescription: How: well", "its front matter is not YAML: mapping values are not allowed here"),
        ("- name", "its front matter holds no keys"),
    ],
)
def test_each_broken_rule_is_said(head: str, line: str, tmp_path: Path) -> None:
    [fault] = read_skill(write(tmp_path / "fit-well", head))  # type: ignore[misc]
    assert line in str(fault)


@pytest.mark.parametrize("name", ["Fit", "fit_well", "fit--well", "-fit", "a" * 65])
def test_a_bad_name_is_said(name: str, tmp_path: Path) -> None:
    [fault] = read_skill(write(tmp_path / name))  # type: ignore[misc]
    assert "its name " in str(fault)


def test_a_file_that_is_no_skill_is_a_fault(tmp_path: Path) -> None:
    folder = write(tmp_path / "fit-well")
    (folder / "SKILL.md").write_text("# No front matter")
    assert "begins with no front matter" in str(read_skill(folder))
    (folder / "SKILL.md").write_bytes(b"\xff\xfe\x00\x01")
    assert "can't be read" in str(read_skill(folder)) or "front matter" in str(read_skill(folder))
    assert "can't be read" in str(read_skill(tmp_path / "none"))


def test_a_skill_is_on_only_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    for name in ("first", "second"):
        write(project / PROJECT_SKILLS / name)
    write(project / PROJECT_SKILLS / "broken", "name: other\ndescription: d")
    write(tmp_path / "home" / ".agents" / "skills" / "third")
    write(tmp_path / "elsewhere" / "fourth")
    found = find_skills(project, [])
    assert (found.on, [skill.name for skill in found.off]) == ((), ["first", "second"])
    assert [fault.name for fault in found.faults] == ["broken"]
    found = find_skills(project, ["second", "~/.agents/skills", "../elsewhere/fourth", "../elsewhere"])
    assert [skill.name for skill in found.on] == ["second", "third", "fourth"]
    assert [skill.name for skill in found.off] == ["first"]
    with pytest.raises(
        BadInput, match=r"skills: 'secund' is no skill and no folder of skills; did you mean 'second'\?"
    ):
        find_skills(project, ["secund"])


def test_a_script_runs_only_where_it_is_allowed_and_in_the_sandbox(tmp_path: Path, jail: Sandbox) -> None:
    folder = write(tmp_path / "fit-well")
    (folder / "scripts").mkdir()
    marks = tmp_path / "marks.txt"
    (folder / "scripts" / "mark.py").write_text(
        f"import sys\nprint('given', sys.argv[1:])\nopen({str(marks)!r}, 'w').write('was here')"
    )
    (folder / "scripts" / "notes.txt").write_text("no program")
    skill = read_skill(folder)
    assert isinstance(skill, Skill)
    assert find_scripts([skill], []) == {}
    [(name, script)] = find_scripts([skill], ["fit-well/scripts/mark.py"]).items()
    assert name == "fit-well.mark"
    outcome = run_script(script, ["a", "b c"], jail)
    assert "given ['a', 'b c']" in outcome.log
    assert outcome.kind is OutcomeKind.ERROR  # the file can't be written there
    assert not marks.exists()
    with pytest.raises(BadInput, match=r"no script 'fit-well/scripts/mork\.py'; did you mean"):
        find_scripts([skill], ["fit-well/scripts/mork.py"])
    with pytest.raises(BadInput, match="is neither Python nor a shell script"):
        find_scripts([skill], ["fit-well/scripts/notes.txt"])
    (folder / "scripts" / "mark.sh").write_text("echo")
    skill = read_skill(folder)
    assert isinstance(skill, Skill)
    with pytest.raises(BadInput, match=r"'fit-well/scripts/mark\.sh' is called fit-well\.mark, as another one is"):
        find_scripts([skill], ["fit-well/scripts/mark.py", "fit-well/scripts/mark.sh"])
