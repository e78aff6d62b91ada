"""A full disk raises DiskFull, whichever layer reports it; every other error passes unchanged."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory.files.disk_errors import translate_database_errors, translate_disk_errors
from pelagos.errors import DamagedRun, DiskFull
from tests.disks import small_disk


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_and_no_quota_are_a_full_disk(code: int, tmp_path: Path) -> None:
    with (
        pytest.raises(DiskFull, match="no room left at /some/file: make room") as raised,
        translate_disk_errors(tmp_path),
    ):
        raise OSError(code, "No", "/some/file")
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "no"), KeyError("x"), sqlite3.DatabaseError("bad")])
def test_other_errors_pass(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)), translate_disk_errors(tmp_path):
        raise error


def test_a_real_full_disk(tmp_path: Path) -> None:
    """A copied folder, a database under its shared memory and a plain file say it each in their own way."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_bytes(bytes(100_000))
    with small_disk(tmp_path / "disk", 2) as disk:
        with closing(sqlite3.connect(disk.folder / "a.sqlite", isolation_level=None)) as base:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("CREATE TABLE t (x)")
        disk.fill()
        with pytest.raises(DiskFull), translate_disk_errors(disk.folder):
            shutil.copytree(source, disk.folder / "copy")
        with pytest.raises(DiskFull), translate_disk_errors(disk.folder):
            (disk.folder / "b").write_bytes(bytes(9_000))
        with (
            pytest.raises(DiskFull),
            translate_database_errors(disk.folder / "a.sqlite", ""),
            closing(sqlite3.connect(disk.folder / "a.sqlite", isolation_level=None)) as base,
        ):
            base.execute("INSERT INTO t VALUES (zeroblob(100000))")


def test_a_damaged_database_is_no_full_disk(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"no database" * 1000)
    with (
        pytest.raises(DamagedRun, match="not a database; mend it"),
        translate_database_errors(tmp_path / "a.sqlite", "mend it"),
        closing(sqlite3.connect(tmp_path / "a.sqlite")) as base,
    ):
        base.execute("SELECT * FROM t")
