"""Tests the user's own know-how: Markdown files and skill folders read as data, and one line per fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tools.literature.knowhow.folder import load_notes


def test_files_and_skills_have_a_title_and_a_text(tmp_path: Path) -> None:
    (tmp_path / "loss.md").write_text("# Our loss\n\nUse `ours.loss`.\n")
    (tmp_path / "two-words.md").write_text("No heading here.\n")
    (tmp_path / "other.py").write_text("raise SystemExit\n")
    skill = tmp_path / "swa"
    skill.mkdir()
    (skill / "SKILL.md").write_text(
        "---\nname: averaging\ndescription: How we average weights\n---\n# Steps\n\nDo it.\n"
    )
    (skill / "run.py").write_text("raise SystemExit\n")
    titles_and_texts = [(note.title, note.text) for note in load_notes(tmp_path)]
    assert titles_and_texts == [
        ("Our loss", "Use `ours.loss`."),
        ("two words", "No heading here."),
        ("averaging", "How we average weights\nDo it."),
    ]
    assert load_notes(skill)[0].title == "averaging"


def test_what_cant_be_used_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"knowhow: .*absent is no folder"):
        load_notes(tmp_path / "absent")
    with pytest.raises(BadInput, match=r"no Markdown files and no SKILL.md"):
        load_notes(tmp_path)
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match=r"knowhow: .*bad.md: UTF-16"):
        load_notes(tmp_path)
    (tmp_path / "bad.md").write_text("# T\u202e\u200bitle\n")
    assert load_notes(tmp_path)[0].title == "Title"
