"""The runs that the page shows, with a record each that grows with its ledger."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from app.record.folders import list_all_run_folders
from app.review.growing.growing_record import GrowingRecord
from pelagos.errors import BadInput, PelagosError


class RunShelf:
    """The given run folders, or all runs of `project`. A run's name is that of its folder; of two that share one the
    later gets a number. Thread-safe. `closing` is set when the server stops: streams end then."""

    def __init__(self, project: Path, runs: Sequence[Path] | None = None) -> None:
        self.project, self._given = project, runs
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._records: dict[Path, GrowingRecord] = {}

    @property
    def is_whole(self) -> bool:
        """Whether all runs of the project are shown, also those that come later."""
        return self._given is None

    def folders(self) -> dict[str, Path]:
        """Return name -> run folder. Each call looks at the disk."""
        runs = list_all_run_folders(self.project) if self._given is None else self._given
        found: dict[str, Path] = {}
        for folder in runs:
            name, number = folder.resolve().name, 1
            while name in found:
                number += 1
                name = f"{folder.resolve().name}-{number}"
            found[name] = folder
        return found

    def names(self) -> list[str]:
        return list(self.folders())

    def folder(self, name: str) -> Path:
        """Return the run's folder. Raises BadInput where there is none."""
        found = self.folders()
        if name not in found:
            close = get_close_matches(name, found, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(list(found)[:20]) or 'none yet'}"
            raise BadInput(f"run '{name}': no run of that name here; {hint}")
        return found[name]

    def reading(self, name: str) -> AbstractContextManager[GrowingRecord]:
        """Yield the run with all rows written so far; no other thread adds rows meanwhile. Raises BadInput and
        DamagedRun."""
        return self.find(name).reading()

    def find(self, name: str) -> GrowingRecord:
        """Return the run as it was read last. Raises BadInput."""
        return self._find_record(self.folder(name))

    def list_runs(self) -> list[tuple[str, GrowingRecord]]:
        """Return each run with its name, as it was read last."""
        return [(name, self._find_record(folder)) for name, folder in self.folders().items()]

    def _find_record(self, folder: Path) -> GrowingRecord:
        with self._lock:
            if folder not in self._records:
                self._records[folder] = GrowingRecord(folder)
            return self._records[folder]

    def warm(self) -> None:
        """Read all runs, so that the first view of each is quick. What can't be read says so when it is asked for."""
        for _, growing in self.list_runs():
            if self.closing.is_set():
                return
            with suppress(PelagosError), growing.reading():
                growing.list_rows()

    def close(self) -> None:
        """Let streams end."""
        self.closing.set()


def find_shelf(request: Request) -> RunShelf:
    shelf: RunShelf = request.app.state.shelf
    return shelf


Shelf = Annotated[RunShelf, Depends(find_shelf)]
"""What a view is given as a parameter: the shelf of the application."""
