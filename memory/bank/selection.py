"""Selects the lessons of the bank that are worth repeating: successes, near ones, and surprising ones.

The three rankings take turns until the budget is used up, so that none displaces the others. Surprise is the distance
of the measured effect from the predicted one, in units of the measurement's own uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.bank.bank import HypothesisBank
from memory.bank.lesson_status import RETESTABLE, LessonStatus, effect_of, lesson_status, surprise
from memory.bank.ranking import list_largest
from memory.bank.vector_file import Vector
from memory.bank.vectors import BankSnapshot

NEAREST_PER_QUERY = 50
INFORMATIVE = (LessonStatus.WORKED, LessonStatus.DEAD_END, *sorted(RETESTABLE))
Rows = NDArray[np.intp]
MAX_MISSES = 10  # so many lessons in a row that don't fit mean that the budget is nearly used up


class Lesson(NamedTuple):
    """An entry with a lesson; `relevance` is its largest cosine to the queries."""

    id: str
    meta: dict[str, Any]
    relevance: float

    @property
    def status(self) -> LessonStatus:
        return lesson_status(self.meta)

    @property
    def surprise(self) -> float:
        return surprise(effect_of(self.meta), self.meta.get("predicted_effect"))


def select_lessons(
    bank: HypothesisBank, task: str, queries: Vector, budget: int, size: Callable[[Lesson], int]
) -> list[Lesson]:
    """Return lessons of any run and task, the most useful first, whose sizes sum to `budget` at most.

    `queries` (n, dims) describe the next hypothesis; `size` gives the size of a lesson in the unit of `budget`.
    Entries that were never fully tested are left out. All entries are ranked by their numbers; only those whose turn
    comes are read.
    """
    snapshot = bank.snapshot()
    cosines = snapshot.cosines(queries)
    selected: dict[str, Lesson] = {}
    seen_rows, remaining, misses = set[int](), budget, 0
    for row in _interleave(*_rank_rows(snapshot, task, cosines)):
        entry = None if row in seen_rows else bank.entry(snapshot.ids[row])
        seen_rows.add(row)
        if entry is None:
            continue
        lesson = Lesson(entry.id, entry.meta, float(cosines[:, row].max()))
        needed = size(lesson)
        fits = needed <= remaining
        misses = 0 if fits else misses + 1
        if fits:
            selected[lesson.id] = lesson
            remaining -= needed
        elif misses == MAX_MISSES:
            break
    return list(selected.values())


def _rank_rows(snapshot: BankSnapshot, task: str, cosines: Vector) -> tuple[Iterator[int], ...]:
    """Return three rankings of rows, the best first: successes in the task, then what is promising there; the task's
    own entries and the `NEAREST_PER_QUERY` nearest to each query over all tasks, by relevance; surprises in the task.
    `cosines` (q, n) are those of the queries to all entries."""
    informative, in_task = snapshot.with_status(*INFORMATIVE), snapshot.in_task(task)
    near = dict.fromkeys(row for of_query in cosines for row in islice(list_largest(of_query), NEAREST_PER_QUERY))
    other_tasks = [row for row in near if informative[row] and not in_task[row]]
    candidates = np.concatenate([np.flatnonzero(informative & in_task), np.array(other_tasks, dtype=np.intp)])
    successes = [
        np.flatnonzero(in_task & snapshot.with_status(kind)) for kind in (LessonStatus.WORKED, LessonStatus.PROMISING)
    ]
    surprises = snapshot.columns["surprise"]
    surprising = np.flatnonzero(in_task & informative & (surprises > 0))
    return (
        chain.from_iterable(_descending(rows, snapshot.columns["effect"]) for rows in successes),
        _descending(candidates, np.max(cosines, axis=0)),
        _descending(surprising, surprises),
    )


def _descending(rows: Rows, values: NDArray[Any]) -> Iterator[int]:
    return (int(rows[place]) for place in list_largest(values[rows]))


def _interleave(*orders: Iterator[int]) -> Iterator[int]:
    return (row for row in chain.from_iterable(zip_longest(*orders)) if row is not None)
