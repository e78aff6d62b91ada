"""The record of one run, to which the rows are added that the run has written since: a page never reads a ledger
twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError

from app.record.folders import LEDGER, find_state, pause_garbage_collection
from app.record.record import Record
from app.report.build import read_section
from app.report.sections.contents import ShownSection
from app.review.growing.hypothesis_rows import HypothesisRow, HypothesisRows
from app.review.growing.lanes import Lanes
from app.review.growing.packed_event import PackedEvent, read_new_rows
from memory.ledger.ledger import Ledger
from memory.ledger.rows import GENESIS, Position
from pelagos.facts.reader import describe_unreadable

BEGINNING = Position(0, GENESIS)
SETTLED_S = 0.1
"""A file that was changed this short a time ago may change again with the same time stamp."""
SECTION_S = 30.0


class GrowingRecord:
    """`record` holds the rows up to `position`, `lanes` where the lanes stand, `calls` the numbers of the rows of a
    hypothesis' model calls ("" for those of the run). `rows_read` counts the rows that were read so far. Hold `lock`
    while the record is read: another thread may add rows to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.rows_read = 0
        self._reset()

    def _reset(self) -> None:
        self.record, self.lanes = Record(str(self.folder / LEDGER)), Lanes()
        self.calls: dict[str, list[int]] = {}
        self.position = BEGINNING
        self._rows = HypothesisRows(self.record, self.lanes)
        self._seen_file: tuple[int, ...] = ()
        self._section: tuple[Position, float, ShownSection | None] | None = None

    @contextmanager
    def reading(self) -> Iterator[GrowingRecord]:
        """Yield the run with all rows written so far; no other thread adds rows meanwhile. Raises what `refresh`
        raises."""
        with self.lock:
            self.refresh()
            yield self

    def refresh(self) -> bool:
        """Read the rows that are new, and return whether there are any. A ledger that was replaced is read anew.

        Raises BadInput where another version of Pelagos wrote it, and DamagedRun.
        """
        with self.lock:
            file = self._describe_file()
            if file and file == self._seen_file:
                return False
            with closing(Ledger.read(self.folder / LEDGER)) as reader, pause_garbage_collection():
                if self.position.seq and not reader.has_position(self.position):
                    self._reset()
                before, end = self.position, reader.position()
                with reader.reading() as connection:
                    for event in read_new_rows(connection, before, end):
                        self._fold(event)
            self.position, self._seen_file = end, file
            return end != before

    def list_rows(self) -> list[HypothesisRow]:
        """Return a row per hypothesis, in the order of proposal."""
        with self.lock:
            return self._rows.list_rows()

    def find_row(self, hypothesis: str) -> HypothesisRow | None:
        with self.lock:
            return self._rows.find_row(hypothesis)

    def has_news(self, hypothesis: str, since: int) -> bool:
        """Whether a page of the hypothesis ("": the table of all) that was made at the row `since` is out of date."""
        return self._rows.news_at.get(hypothesis, 0) > since

    def read_section(self) -> ShownSection | None:
        """Return the toolchain's section of the report, None where it can't be made here. It takes seconds to make, so
        that of a run in progress is up to SECTION_S old."""
        with self.lock:
            if self._section is not None:
                position, made_at, section = self._section
                if position == self.position or time.monotonic() - made_at < SECTION_S:
                    return section
            section = read_section(self.folder)
            self._section = self.position, time.monotonic(), section
            return section

    def find_state(self) -> tuple[str, int | None]:
        return find_state(self.folder, self.record)

    def _fold(self, event: PackedEvent) -> None:
        try:
            payload = event.unpack()
            self.record.fold(event)
            self._rows.touch(event.kind, payload, event.seq)
            self.lanes.fold(event)
            if event.kind == "model":
                self.calls.setdefault(str(payload.get("hypothesis") or ""), []).append(event.seq)
        except (ValidationError, KeyError) as error:
            self._reset()
            raise describe_unreadable(str(self.folder / LEDGER), event.seq, event.kind, error) from None
        event.pack()
        self.rows_read += 1

    def _describe_file(self) -> tuple[int, ...]:
        """Return what tells whether the ledger's files changed, () where they may be changing now."""
        paths = [self.folder / name for name in (LEDGER, f"{LEDGER}-wal")]
        stats = [path.stat() for path in paths if path.exists()]
        if any(time.time() - stat.st_mtime < SETTLED_S for stat in stats):
            return ()
        return tuple(part for stat in stats for part in (stat.st_ino, stat.st_size, stat.st_mtime_ns))
