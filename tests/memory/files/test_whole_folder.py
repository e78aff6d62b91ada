"""A folder is there whole or not at all, and the first one that is written stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.files.whole_folder import write_whole_folder


def fill(folder: Path, text: str) -> None:
    with write_whole_folder(folder) as fresh:
        (fresh / "inside").mkdir()
        (fresh / "inside" / "file").write_text(text)
        assert not folder.exists() or (folder / "inside" / "file").read_text() == "first"


def test_the_first_one_stays_and_nothing_else_is_left(tmp_path: Path) -> None:
    for text in ("first", "second"):
        fill(tmp_path / "data", text)
        assert (tmp_path / "data" / "inside" / "file").read_text() == "first"
        assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_one_that_could_not_be_filled_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), write_whole_folder(tmp_path / "data") as fresh:
        fresh.write_text("a folder takes no text")
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_renamed_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), write_whole_folder(tmp_path / "data") as fresh:
        fresh.rmdir()
