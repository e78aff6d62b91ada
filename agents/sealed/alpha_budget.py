"""Keeps the error level that is left for the sealed part of a project's data, and how often it was touched.

One level (`judge.alpha`) bounds the chance of any false claim on the same sealed data, over all runs of the project. A
test spends a share of what is left before it looks; a claim that holds gives its share back.

Why that is enough. Claims that don't hold cost their level for good, so up to the first false claim the true nulls that
were tested had levels that sum to at most alpha, whatever the choice of the next hypothesis rests on; by the union
bound the first false claim has at most that chance. For hypotheses fixed beforehand this is the fallback procedure
with recycled levels (Wiens & Dmitrienko 2005, J. Biopharm. Stat. 15(6); Bretz et al. 2009, Stat. Med. 28(4)) and holds
under any dependence. It doesn't cover hypotheses that are derived from what sealed tests showed beyond that: models
are told whether a claim held, was refuted or stays open, and no numbers.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from memory.files.project_folder import project_folder
from memory.ledger.keys import parse_payload, step_key
from memory.ledger.ledger import Ledger
from pelagos.facts.checks import Settled, Tested, Touch
from pelagos.facts.fact import INTENT, dump_payload
from pelagos.facts.reader import read

MIN_LEVEL = 0.001
"""Below this level a test can hardly show anything, so none is made: the sealed data are spent."""

FIRST_TEST = f"""
SELECT payload FROM events WHERE kind = '{Tested.KIND}' AND json_extract(payload, '$.data') = ? ORDER BY seq LIMIT 1
"""  # noqa: S608 - ours
SPENT = f"""
SELECT test.payload FROM events AS test LEFT JOIN events AS settled
  ON settled.kind = '{Settled.KIND}' AND settled.key = test.key AND settled.kind NOT LIKE '%{INTENT}'
WHERE test.kind = '{Tested.KIND}' AND json_extract(test.payload, '$.data') = ?
  AND NOT coalesce(json_extract(settled.payload, '$.held'), 0)
"""  # noqa: S608 - ours
"""Tests whose claim doesn't hold or isn't settled. They are few, since their levels sum to alpha at most; those that
hold may be thousands, and aren't read."""
TOUCHES = f"""
SELECT coalesce(sum(coalesce(json_array_length(payload, '$.seeds'), 1)), 0) FROM events
WHERE kind = '{Touch.KIND}' AND json_extract(payload, '$.data') = ?
"""  # noqa: S608 - ours


class Reservation(NamedTuple):
    """The level of one test, 0 where the sealed data are spent, and what is left of alpha if the claim doesn't hold."""

    level: float
    left: float


class AlphaBudget:
    """The budget belongs to the data, not to the task: after an edit of the program or of a limit the same items are
    sealed. Each call reads and writes a ledger of its own in the project; calls of several processes take turns."""

    def __init__(self, project: Path, data: str) -> None:
        self._folder, self._data = project_folder(project), data

    def reserve(self, run: str, version: str, alpha: float, share: float) -> Reservation:
        """Reserve the level for testing a version of a run; a second call returns the same one. The first test fixes
        alpha for these data."""
        key = self._key(run=run, version=version)
        with self._open_locked() as ledger:
            tested = ledger.fact(Tested, key)
            if tested is None:
                left = self._compute_left(ledger, alpha)
                level = left * share
                if level < MIN_LEVEL:
                    return Reservation(0.0, left)
                alpha = self._find_alpha(ledger, alpha)
                reserved = Tested(
                    data=self._data, run=run, version=version, level=level, left=left - level, alpha=alpha
                )
                tested = ledger.record(reserved, key)
            return Reservation(tested.level, tested.left)

    def settle(self, run: str, version: str, held: bool) -> None:
        """Record how a test ended; the level of a claim that holds is free again."""
        with self._open_locked() as ledger:
            settled = Settled(data=self._data, run=run, version=version, held=held)
            ledger.record(settled, self._key(run=run, version=version))

    def touch(self, run: str, version: str, seeds: Sequence[int], why: str = "test") -> None:
        """Count looks at the sealed data, one per seed; to be called before the experiments."""
        with self._open_locked() as ledger:
            touch = Touch(data=self._data, run=run, version=version, seeds=list(seeds), why=why)
            ledger.record(touch, step_key(**dump_payload(touch)))

    def count_touches(self) -> int:
        """Return the number of looks so far, one per version and seed."""
        with self._open_locked() as ledger, ledger.reading() as connection:
            return int(connection.execute(TOUCHES, (self._data,)).fetchone()[0])

    def find_left(self, alpha: float) -> float:
        """Return what is left of alpha."""
        with self._open_locked() as ledger:
            return self._compute_left(ledger, alpha)

    def _compute_left(self, ledger: Ledger, alpha: float) -> float:
        spent = [test.level for test in self._list_tests(ledger, SPENT)]
        return max(0.0, self._find_alpha(ledger, alpha) - math.fsum(spent))

    def _find_alpha(self, ledger: Ledger, alpha: float) -> float:
        return next((test.alpha for test in self._list_tests(ledger, FIRST_TEST)), alpha)

    def _list_tests(self, ledger: Ledger, query: str) -> list[Tested]:
        with ledger.reading() as connection:
            return [read(Tested, parse_payload(row[0])) for row in connection.execute(query, (self._data,))]

    def _key(self, **parts: str) -> str:
        return step_key(data=self._data, **parts)

    @contextlib.contextmanager
    def _open_locked(self) -> Iterator[Ledger]:
        """Open the ledger for this process alone, so that reading what is left and reserving of it are one step."""
        handle = os.open(self._folder / "seal.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with contextlib.closing(Ledger.open(self._folder / "seal.db")) as ledger:
                yield ledger
        finally:
            os.close(handle)
