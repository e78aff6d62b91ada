"""Finds what follows the batch, among findings without the batch in their model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call, Subset
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.study import DISCOVERY, Study
from tools.analysis.planning.workflows.arguments import drop_batch
from tools.analysis.planning.workflows.search import Search

LEAST_SHARE = 0.5
"""The least share of an effect that must be left within batches."""
LEAST_SAMPLES, MAX_BATCHES = 3, 4


def find_batch_followers(run: CallsRun, rows: Sequence[Row], search: Search, study: Study) -> dict[str, str]:
    """Return entity -> why it isn't believed. Nothing where the batch is in the model of the test."""
    batch = search.design.batch
    if batch is None or has_batch(run.calls, batch) or search.design.group != search.objective.subject:
        return {}
    inside = run_within_batches(run.calls, search, study, DISCOVERY)
    if not inside:
        text = f"it isn't adjusted for {batch}, and no {batch} has enough samples of both groups"
        return dict.fromkeys((row.entity for row in rows), text)
    tables = [{row.entity: row for row in table} for table in inside.values()]
    return {row.entity: reason for row in rows if (reason := _compare_within(row, tables, batch))}


def run_within_batches(calls: Sequence[Call], search: Search, study: Study, split: str) -> dict[str, list[Row]]:
    """Return batch -> table of the last call within that batch alone; only batches with enough samples."""
    design = search.design
    alone = drop_batch(calls, search.specs, design.batch)
    if alone is None or design.batch is None or design.case is None or design.control is None:
        return {}
    batches = study.view.batches((design.case, design.control), LEAST_SAMPLES)[:MAX_BATCHES]
    subsets = [Subset(column=design.batch, level=batch) for batch in batches]
    runs = study.run_all([partial(study.run, alone, split, subset) for subset in subsets])
    tables = {batch: study.table(run) for batch, run in zip(batches, runs, strict=True) if run.ok}
    return {batch: table for batch, table in tables.items() if table}


def has_batch(calls: Sequence[Call], batch: str) -> bool:
    """Whether the batch stands in the model of the last call."""
    return any(batch == value or (isinstance(value, list) and batch in value) for value in _arguments(calls).values())


def _arguments(calls: Sequence[Call]) -> dict[str, object]:
    arguments: dict[str, object] = calls[-1]["arguments"]
    return arguments


def _compare_within(row: Row, tables: Sequence[Mapping[str, Row]], batch: str) -> str:
    """Return why a row follows the batch: the mean of r within batches, weighted by samples, is too small."""
    within = [(table[row.entity].r, table[row.entity].n) for table in tables if row.entity in table]
    known = [(r, n) for r, n in within if r is not None and n]
    if not row.r or not known:
        return f"it isn't adjusted for {batch}, and isn't measured within one"
    mean = sum(r * n for r, n in known) / sum(n for _, n in known)
    if mean / row.r >= LEAST_SHARE:
        return ""
    return f"it follows {batch}: r is {row.r:.2f} over all samples and {mean:.2f} within {batch}"
