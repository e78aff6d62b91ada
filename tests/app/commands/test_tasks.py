"""`pelagos tasks check` opens what a run opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.commands.tasks import check
from pelagos.errors import BadInput
from tests.tools.code.conftest import TASK, make_task

PAPER = {"id": "a", "title": "t", "abstract": "x"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_task(tmp_path / "lines")
    (tmp_path / "lines" / "task.yaml").write_text(f"{TASK}papers: papers.jsonl\n")
    return tmp_path / "lines"


def test_papers_that_can_not_be_used_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "papers.jsonl").write_text(f'{json.dumps(PAPER)}\n{{"id": "b"}}\n')
    check(str(folder))
    sound, note, count, line = capsys.readouterr().out.splitlines()
    assert note.startswith("note: the program is given --seed and never reads it")
    assert "lines: sound" in sound
    assert count == "papers: 1 can be used, 1 can't:"
    assert "papers.jsonl:2: title: Field required" in line
    check(str(folder), json=True)
    assert json.loads(capsys.readouterr().out)["papers"]["usable"] == 1


@pytest.mark.parametrize("raw", [b"", b"no json\n", "{}".encode("utf-16"), b'{"id": "b"}'])
def test_papers_of_which_none_can_be_used_are_a_fault(raw: bytes, folder: Path) -> None:
    (folder / "papers.jsonl").write_bytes(raw)
    with pytest.raises(BadInput, match=r"papers\.jsonl"):
        check(str(folder))


def test_a_task_without_papers_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_task(tmp_path / "lines")
    check(str(tmp_path / "lines"))
    assert "papers:" not in capsys.readouterr().out
