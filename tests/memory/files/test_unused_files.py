import os
import time
from pathlib import Path

from memory.files.unused_files import IN_USE_S, mark_used, remove_unused


def write_files(folder: Path, ages_s: dict[str, float]) -> None:
    for name, age in ages_s.items():
        (folder / name).write_bytes(bytes(100))
        os.utime(folder / name, times=(time.time() - age,) * 2)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_least_recently_used_go_until_the_others_fit(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": 9e4, "b": 8e4, "c": 7e4, "d": 6e4})
    mark_used(tmp_path / "a")
    remove_unused(tmp_path, 400)
    assert list_names(tmp_path) == ["a", "b", "c", "d"]
    remove_unused(tmp_path, 250)
    assert list_names(tmp_path) == ["a", "d"]


def test_what_was_used_just_now_stays_however_large_it_is(tmp_path: Path) -> None:
    write_files(tmp_path, {"old": 2 * IN_USE_S, "new": IN_USE_S / 2})
    remove_unused(tmp_path, 0)
    assert list_names(tmp_path) == ["new"]


def test_a_file_that_is_gone_is_not_made_by_its_use(tmp_path: Path) -> None:
    mark_used(tmp_path / "gone")
    assert list_names(tmp_path) == []
