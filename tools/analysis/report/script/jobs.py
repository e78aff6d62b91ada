"""Collects what was run, for the exported script: each sequence of calls once per part of the samples, with the rows
that were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from memory.ledger.keys import canonical
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Call, Subset
from tools.analysis.planning.records import Explored
from tools.analysis.report.record import SPLITS, AnalysisRecord

DISCOVERY = "discovery"
SHOWN_ROWS = 3


class Check(NamedTuple):
    """A recorded row, and what it belongs to."""

    label: str
    row: Row


@dataclass(frozen=True)
class Job:
    """Calls on one part of the samples; the last call leaves the table with the rows of `checks`."""

    part: str
    subset: Subset
    calls: Sequence[Call]
    question: str
    checks: Sequence[Check]


def collect_jobs(record: AnalysisRecord) -> list[Job]:
    """Return the jobs in order: discovery by objective, then the tests on samples kept apart."""
    explored = [
        Job(DISCOVERY, Subset(), each.calls, each.objective.question, _list_checks(each, record))
        for each in record.explored
        if each.table and each.calls
    ]
    return [*explored, *_collect_tests(record)]


def _list_checks(explored: Explored, record: AnalysisRecord) -> list[Check]:
    """Return the rows of the findings; where there are none, the first of the table."""
    if explored.findings:
        return [Check(finding.title, finding.row) for finding in explored.findings]
    return [Check("", row) for row in record.tables.get(explored.table, ())[:SHOWN_ROWS]]


def _collect_tests(record: AnalysisRecord) -> Iterator[Job]:
    for split in SPLITS:
        jobs: dict[str, Job] = {}
        for tested in record.tested:
            for result in tested.results.get(split, ()):
                test = result.implication
                if result.row is None:
                    continue
                job = Job(split, test.subset, test.calls, "", [])
                key = canonical([test.calls, test.subset.model_dump()])
                jobs.setdefault(key, job)
                title = tested.hypothesis.title
                text = test.text if test.text.startswith(title) else f"{title}: {test.text}"
                jobs[key] = _add_check(jobs[key], Check(text, result.row))
        yield from jobs.values()


def _add_check(job: Job, check: Check) -> Job:
    return Job(job.part, job.subset, job.calls, job.question, [*job.checks, check])
