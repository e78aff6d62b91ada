"""Tests that a run continues without the cache if it is locked, full, damaged or removed."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pelagos.nouns import Paper
from tests.disks import small_disk
from tools.literature.cache import FILE, Cache

PAPER = Paper(id="p1", title="A paper", abstract="What it says.")


def test_locked_by_another_process_it_is_read_and_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.literature.cache.LOCK_TIMEOUT_S", 0.05)
    messages: list[str] = []
    with (
        closing(Cache(tmp_path, messages.append)) as cache,
        closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as holder,
    ):
        cache.store_search("s", "q", 5, [PAPER])
        holder.execute("BEGIN IMMEDIATE")
        for number in range(3):
            cache.store_search("s", f"other {number}", 5, [PAPER.model_copy(update={"id": str(number)})])
            cache.store_text(str(number), "text")
        assert cache.find_search("s", "q", 5, None) == [PAPER]
        assert cache.find_search("s", "other 0", 5, None) is None
    (line,) = messages
    assert line.startswith("literature: nothing more is cached: ")
    assert line.endswith("can't be written: database is locked")


def test_locked_at_opening_it_is_never_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.literature.cache.LOCK_TIMEOUT_S", 0.05)
    with closing(Cache(tmp_path)) as cache:
        cache.store_text("hash", "text")
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Cache(tmp_path)
    with closing(Cache(tmp_path)) as cache:
        assert cache.find_text("hash") == "text"


def test_a_damaged_one_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"garbage " * 1000)
    with closing(Cache(tmp_path)) as cache:
        cache.store_text("hash", "text")
        assert cache.find_text("hash") == "text"


def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    messages: list[str] = []
    with small_disk(tmp_path / "disk", 2) as disk, closing(Cache(disk.folder, messages.append)) as cache:
        cache.store_text("hash", "text")
        disk.fill()
        for number in range(3):
            cache.store_text(str(number), "text " * 100_000)
        assert cache.find_text("hash") == "text"
        assert len(messages) == 1


def test_many_may_begin_it_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(12) as pool:
        for cache in pool.map(lambda _: Cache(tmp_path), range(24)):
            cache.close()
