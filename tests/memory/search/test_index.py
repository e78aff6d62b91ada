from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory.ledger.ledger import Event, Ledger
from memory.search import index as index_module
from memory.search.documents import Document
from memory.search.index import FILE, VERSION, open_index
from memory.search.query import make_expression
from memory.search.search import search_runs
from tests.memory.search.conftest import add_hypothesis, add_note


def _count(run: Path, text: str) -> int:
    return len(search_runs([run], text, kinds=["hypothesis"]).hits)


def _count_documents(run: Path) -> int:
    with closing(sqlite3.connect(run / FILE)) as connection:
        return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])


def test_a_grown_run_only_adds(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _count(run, "mixup") == 0
    before = _count_documents(run)
    add_hypothesis(run, "h3", "Mixup of images")
    read: set[int] = set()
    list_documents = index_module.list_documents

    def watch(event: Event, *more: Any) -> list[Document]:
        read.add(event.seq)
        return list_documents(event, *more)

    monkeypatch.setattr(index_module, "list_documents", watch)
    assert _count(run, "mixup") == 1
    assert read == {1, *range(13, 19)}  # of the first two hypotheses only the opening of all prompts
    assert _count_documents(run) > before


def test_a_page_at_a_time_finds_the_same(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "PAGE_ROWS", 1)
    assert _count(run, "smoothing") == _count(run, "cosine") == 1


def _delete(file: Path) -> None:
    file.unlink()


def _overwrite(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _spoil_the_middle(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(byte ^ 0x5A for byte in data[4096:])
    file.write_bytes(data)


def _cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def _change_version(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")


def _drop_a_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE position")


@pytest.mark.parametrize(
    "harm", [_delete, _overwrite, _empty, _spoil_the_middle, _cut_off, _change_version, _drop_a_table]
)
def test_a_spoiled_index_is_built_anew(run: Path, harm: Callable[[Path], None]) -> None:
    assert _count(run, "cosine") == 1
    harm(run / FILE)
    assert _count(run, "cosine") == 1
    add_hypothesis(run, "h3", "Another cosine")
    assert _count(run, "cosine") == 2


def test_a_spoiled_index_is_built_anew_within_the_time(run: Path) -> None:
    assert _count(run, "cosine") == 1
    _drop_a_table(run / FILE)
    results = search_runs([run], "cosine", within_s=0.0)
    assert results.hits == [] and results.unread > 0
    assert _count(run, "cosine") == 1


def test_an_index_of_another_ledger_is_built_anew(run: Path) -> None:
    other = run.with_name("two")
    add_hypothesis(other, "h1", "Mixup of images")
    assert _count(run, "cosine") == _count(other, "mixup") == 1
    shutil.copy(run / FILE, other / FILE)
    assert (_count(other, "mixup"), _count(other, "cosine")) == (1, 0)


def test_where_no_file_can_be_written_the_index_is_in_memory(run: Path) -> None:
    (run / FILE).mkdir()
    assert _count(run, "cosine") == 1


def test_the_ledger_is_only_read(run: Path) -> None:
    before = hashlib.sha256((run / "ledger.db").read_bytes()).hexdigest()
    _count(run, "cosine")
    assert hashlib.sha256((run / "ledger.db").read_bytes()).hexdigest() == before


def test_several_may_index_at_once(run: Path) -> None:
    for number in range(3, 30):
        add_note(run, f"note number {number}")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(_count(run, "cosine"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 4
    once = _count_documents(run)
    (run / FILE).unlink()
    _count(run, "cosine")
    assert _count_documents(run) == once


def test_a_prompt_without_its_opening_is_shown_as_it_is(run: Path) -> None:
    expression = make_expression("think about cosine")
    with closing(Ledger.read(run / "ledger.db")) as reader, open_index(run, reader) as index:
        index.update()
        (match,) = index.find(expression, ["prompt"], 10)
        assert index.make_snippet(expression, match) == "\x02Think\x03 \x02about\x03 A \x02cosine\x03 schedule."


def test_a_lost_artifact_does_not_hide_the_run(run: Path) -> None:
    assert _count(run, "cosine") == 1
    shutil.rmtree(run / "artifacts")
    assert search_runs([run], "singular").hits
    (run / FILE).unlink()
    assert _count(run, "cosine") == 1
    assert search_runs([run], '"not readable"').hits


def test_a_row_of_another_version_is_named(run: Path) -> None:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        ledger.append("plan", "px", {"id": "px", "hypothesis": "h1"})
    (fault,) = search_runs([run], "cosine").faults
    assert "(plan)" in fault
    assert "another version" in fault
