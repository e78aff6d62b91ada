from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.record.folders import LEDGER
from app.review.runs import RunShelf
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.drive import Note
from tests.app.review.long_run import write_long_run


def test_a_run_is_found_by_the_name_of_its_folder(run_folder: Path) -> None:
    shelf = RunShelf(run_folder.parents[1])
    assert shelf.names() == ["demo"]
    assert shelf.folder("demo") == run_folder
    with shelf.reading("demo") as growing:
        assert growing.record.task == "digits"


def test_a_run_that_begins_later_is_found_as_well(run_folder: Path) -> None:
    shelf = RunShelf(run_folder.parents[1])
    shelf.names()
    write_long_run(run_folder.with_name("later"), 1)
    assert shelf.names() == ["demo", "later"]


def test_an_unknown_run_is_named_with_those_that_are_here(run_folder: Path) -> None:
    shelf = RunShelf(run_folder.parents[1])
    with pytest.raises(BadInput, match="did you mean demo"):
        shelf.reading("dem")
    for name in ("../demo", "/etc", "", "zzz"):
        with pytest.raises(BadInput, match="no run of that name"):
            shelf.folder(name)


def test_of_two_runs_with_one_name_the_later_gets_a_number(tmp_path: Path, run_folder: Path) -> None:
    other = write_long_run(tmp_path / "elsewhere" / "demo", 2)
    shelf = RunShelf(tmp_path, [run_folder, other])
    assert shelf.names() == ["demo", "demo-2"]
    with shelf.reading("demo-2") as growing:
        assert len(growing.record.proposed) == 2


def test_warming_reads_all_runs_that_can_be_read(run_folder: Path) -> None:
    broken = run_folder.with_name("broken")
    broken.mkdir()
    (broken / LEDGER).write_bytes(b"no database")
    shelf = RunShelf(run_folder.parents[1])
    shelf.warm()
    assert shelf.find("demo").rows_read > 20
    assert shelf.find("broken").rows_read == 0


def test_another_thread_waits_until_a_page_is_rendered(run_folder: Path) -> None:
    import threading

    shelf = RunShelf(run_folder.parents[1])
    seen: list[int] = []

    def count_notes() -> None:
        with shelf.reading("demo") as again:
            seen.append(len(again.record.notes))

    with shelf.reading("demo") as growing:
        thread = threading.Thread(target=count_notes)
        with closing(Ledger.open(run_folder / LEDGER)) as ledger:
            ledger.record(Note(text="new"), "new")
        thread.start()
        thread.join(0.2)
        assert seen == []
        assert growing.record.notes == []
    thread.join(10)
    assert seen == [1]
