"""What the views of the runs and of one run show of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.formatting import format_line
from app.live.board import Funnel, count_funnel, find_best_verdict, list_budgets, rank_hypotheses
from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
from app.live.view_clock import estimate_now
from app.record import folders
from app.record.record import Record
from app.report import facts
from app.report.build import make_text_reader
from app.report.digest.needs import Need, list_needs, name_run
from app.report.headline import compose_headline
from app.review.contents.running import list_running
from app.review.drawings.machine import draw_machine
from app.review.growing.growing_record import GrowingRecord
from app.unsafe_warning import NAME as UNSAFE
from app.unsafe_warning import make_warning
from pelagos.counts import format_count
from pelagos.errors import BadInput, DamagedRun
from pelagos.nouns import Effect

REASON_LENGTH, TITLE_LENGTH, NEWEST_NOTES = 600, 120, 30


@dataclass(frozen=True)
class RunSummary:
    """One run in the list. A run that can't be read has the state `unreadable` and a need that says why."""

    name: str
    task: str
    state: str
    needs: list[Need]
    funnel: Funnel | None = None
    best: Effect | None = None
    best_title: str = ""
    best_kind: str = ""
    unit: str = ""
    elapsed_s: float = 0.0
    last_at: float = 0.0
    doing: str = ""
    warning: str = ""


def summarize_run(name: str, growing: GrowingRecord) -> RunSummary:
    record = growing.record
    state, pid = growing.find_state()
    verdict = find_best_verdict(record)
    now = estimate_now(record) if pid is not None else None
    return RunSummary(
        name=name,
        task=format_line(record.task),
        state=state,
        needs=list(list_needs(record, name_run(growing.folder), state)),
        funnel=count_funnel(record),
        best=verdict.effect if verdict else None,
        best_title=record.find_title(verdict.hypothesis) if verdict else "",
        best_kind=str(verdict.kind) if verdict else "",
        unit=record.metric.unit if record.metric else "",
        elapsed_s=record.compute_elapsed(now),
        last_at=record.last_at,
        doing=describe_activity(record) if pid is not None else "",
        warning=make_warning(record),
    )


def describe_unreadable(name: str, error: BadInput | DamagedRun) -> RunSummary:
    text = f"can't be read: {format_line(str(error), REASON_LENGTH)}"
    return RunSummary(name, "", "unreadable", [Need(name, "unreadable", text)])


def collect_progress(growing: GrowingRecord) -> dict[str, Any]:
    """Return what changes while the run is in progress. Cheap: it is sent at every change."""
    record, (state, pid) = growing.record, growing.find_state()
    now = estimate_now(record) if pid is not None else record.last_at
    return {
        "record": record,
        "state": state,
        "activity": describe_activity(record),
        "learned": summarize_verdicts(record),
        "next_verdict": estimate_next_verdict(record, now),
        "pace": record.pace[1] if record.pace else None,
        "funnel": count_funnel(record),
        "bars": list_budgets(record, now if pid is not None else None),
        "machine": draw_machine(growing.lanes, is_over=state != "running"),
        "outages": record.outages,
        "failures": record.failures.most_common(8),
        "notes": list(reversed(record.notes[-NEWEST_NOTES:])),
        "metric": record.metric,
    }


def collect_overview(growing: GrowingRecord) -> dict[str, Any]:
    record, (state, _) = growing.record, growing.find_state()
    reason, _, printed = folders.explain_state(record, state).partition("\n")
    return {
        **collect_progress(growing),
        "running": list_running(growing),
        "headline": _compose_headline(growing, state),
        "needs": list(list_needs(record, name_run(growing.folder), state)),
        "reason": format_line(reason, REASON_LENGTH),
        "printed": printed,
        "damage": folders.list_damage(growing.folder),
        "baseline": facts.measure_baseline(record),
        "badges": list_badges(record),
        "warning": make_warning(record),
        "models": facts.list_models(record),
        "level_left": facts.find_level_left(record),
        "faults": list(reversed(record.faults[-8:])),
    }


def list_badges(record: Record) -> list[tuple[str, str]]:
    """Return what is to be known of isolation and integrity: (kind, text), kind one of good, warn, bad."""
    isolations = [
        (_judge_isolation(name), f"{name}: {format_count(count, 'experiment')}")
        for name, count in facts.count_isolations(record)
    ]
    suspects = sum(bool(verdict.suspect) for verdict in record.verdicts.values())
    touches = record.seal_touches
    return [
        *isolations,
        ("bad" if suspects else "good", f"{suspects} suspect" if suspects else "no result is suspect"),
        ("plain", f"{format_count(touches, 'experiment')} on sealed data" if touches else "seal not touched"),
    ]


def _judge_isolation(name: str) -> str:
    if name.startswith(UNSAFE):
        return "bad"
    return "plain" if name.startswith(("none", "not recorded")) else "good"


def _compose_headline(growing: GrowingRecord, state: str) -> str:
    record = growing.record
    best = next(iter(rank_hypotheses(record, record.proposed)), None)
    row = growing.find_row(best) if best else None
    finding = facts.make_finding(record, row.row, {}, make_text_reader(growing.folder)) if row else None
    return compose_headline(record.metric, count_funnel(record), finding, record.verdicts.values(), state)
