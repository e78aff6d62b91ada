"""The runs that the page shows, with a record each that grows with its ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from app.record import folders
from app.record.record import Record
from app.review.growing.growing_record import GrowingRecord
from pelagos.errors import BadInput


class RunShelf:
    """The given run folders, or all runs of `project`. A run's name is that of its folder; of two that share one the
    later gets a number. Thread-safe. `closing` is set when the server stops: streams end then."""

    def __init__(self, project: Path, runs: Sequence[Path] | None = None) -> None:
        self.project, self._given = project, runs
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._records: dict[Path, GrowingRecord] = {}

    def names(self) -> list[str]:
        return list(self._folders())

    def folder(self, name: str) -> Path:
        """Return the run's folder. Raises BadInput where there is none."""
        found = self._folders()
        if name not in found:
            close = get_close_matches(name, found, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(list(found)[:20]) or 'none yet'}"
            raise BadInput(f"run '{name}': no run of that name here; {hint}")
        return found[name]

    def record(self, name: str) -> Record:
        """Return the run's record with all rows written so far. Render it inside of `reading` where the run may be in
        progress. Raises BadInput and DamagedRun."""
        with self.reading(name) as growing:
            return growing.record

    def state(self, name: str) -> tuple[str, int | None]:
        """Return the run's state, and the id of the process that drives it."""
        with self.reading(name) as growing:
            return growing.find_state()

    @contextmanager
    def reading(self, name: str) -> Iterator[GrowingRecord]:
        """Yield the run with all rows written so far; no other thread adds rows meanwhile. Raises BadInput and
        DamagedRun."""
        growing = self.find(name)
        with growing.lock:
            growing.refresh()
            yield growing

    def find(self, name: str) -> GrowingRecord:
        """Return the run as it was read last. Raises BadInput."""
        folder = self.folder(name)
        with self._lock:
            if folder not in self._records:
                self._records[folder] = GrowingRecord(folder)
            return self._records[folder]

    def warm(self) -> None:
        """Read all runs, so that the first view of each is quick. What can't be read says so when it is asked for."""
        from pelagos.errors import PelagosError

        for name in self.names():
            if self.closing.is_set():
                return
            try:
                with self.reading(name) as growing:
                    growing.list_rows()
            except PelagosError:
                continue

    def close(self) -> None:
        """Let streams end."""
        self.closing.set()

    def _folders(self) -> dict[str, Path]:
        runs = folders.list_all_run_folders(self.project) if self._given is None else self._given
        found: dict[str, Path] = {}
        for folder in runs:
            name, number = folder.resolve().name, 1
            while name in found:
                number += 1
                name = f"{folder.resolve().name}-{number}"
            found[name] = folder
        return found
