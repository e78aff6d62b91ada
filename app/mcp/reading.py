"""The tools that read: runs, status, hypotheses, report. They change nothing, not even a report file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.fidelity.titles import describe_fidelity
from app.formatting import format_effect, format_interval, format_line
from app.live.board import Row, count_funnel, list_budgets, list_rows
from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
from app.live.view_clock import estimate_now
from app.mcp import results
from app.mcp.clean import cut
from app.mcp.project import Project
from app.record import folders
from app.record.record import Record
from app.record.summaries import summarize_run
from app.report.differences import list_differences
from memory.artifacts import ArtifactStore
from pelagos.errors import BadInput
from pelagos.facts.ideas import Screened

if TYPE_CHECKING:
    from pelagos.nouns import Claim

MAX_RUNS, MAX_PAGE, MAX_EXPERIMENTS, NOTES = 100, 100, 20, 10
DIFF_CHARS, REPORT_CHARS = 4_000, 20_000


def list_runs(project: Project) -> results.RunList:
    runs = folders.list_all_run_folders(project.folder)
    shown = [_make_summary(summarize_run(folder)) for folder in runs[-MAX_RUNS:]]
    return results.RunList(runs=shown, total=len(runs))


def read_status(project: Project, run: str) -> results.Progress:
    folder = project.find_run(run)
    record = folders.read_record(folder)
    state, pid = folders.find_state(folder, record)
    now = estimate_now(record) if pid is not None else record.last_at
    bars = list_budgets(record, now if pid is not None else None)
    return results.Progress(
        run=run,
        task=record.task,
        state=state,
        reason=folders.explain_state(record, state),
        activity=describe_activity(record) if pid is not None else "",
        learned=summarize_verdicts(record),
        next_verdict=estimate_next_verdict(record, now) if pid is not None else "",
        funnel=vars(count_funnel(record)),
        budgets=[results.Budget(name=bar.name, spent=bar.spent, cap=bar.cap, unit=bar.unit) for bar in bars],
        waiting=record.list_waiting(),
        notes=[format_line(text, 300) for _, text in record.notes[-NOTES:]],
    )


def list_hypotheses(project: Project, run: str, state: str, offset: int, limit: int) -> results.HypothesisPage:
    record = project.read_record(run)
    rows = [row for row in list_rows(record) if not state or row.state == state]
    end = offset + min(limit, MAX_PAGE)
    return results.HypothesisPage(
        metric=_describe_metric(record),
        hypotheses=[results.HypothesisRow(**_make_fields(record, row)) for row in rows[offset:end]],
        total=len(rows),
        next_offset=end if end < len(rows) else None,
    )


def read_hypothesis(project: Project, run: str, id: str) -> results.HypothesisDetail:
    folder = project.find_run(run)
    record = folders.read_record(folder)
    row = next((row for row in list_rows(record) if row.id == id), None)
    if row is None:
        ids = ", ".join(list(record.hypotheses)[:20]) or "none yet"
        raise BadInput(f"hypothesis '{id[:100]}': not in this run, which has {ids}")
    hypothesis, lesson, fidelity = record.hypotheses[id], record.lessons.get(id), record.find_fidelity(id)
    verdict = record.verdicts.get(id)
    return results.HypothesisDetail(
        **_make_fields(record, row),
        statement=hypothesis.statement,
        target=hypothesis.target,
        why=verdict.reason if verdict else "",
        did=list_differences(record, id),
        is_that_what_was_done=describe_fidelity(fidelity) if fidelity else "not looked at",
        suspect=list(row.suspect),
        claim=_describe_claim(record.claims.get(id)),
        fault=_find_fault(record, id),
        steps=[step.text for plan in record.plans.list_of(id)[-1:] for step in plan.steps],
        diff=cut(ArtifactStore(folder / "artifacts").text(lesson.diff), DIFF_CHARS) if lesson and lesson.diff else "",
        lesson=lesson.text if lesson else "",
        experiments=_list_experiments(record, id),
        waiting=_find_waiting(record, id),
    )


def read_report(project: Project, run: str, offset: int) -> results.ReportText:
    from app.report.build import write_report

    folder = project.find_run(run)
    with tempfile.TemporaryDirectory(prefix="pelagos-report-") as scratch:
        _, markdown = write_report(folder, Path(scratch))
        text = markdown.read_text("utf-8")
    end = offset + REPORT_CHARS
    return results.ReportText(
        run=run,
        markdown=text[offset:end],
        next_offset=end if end < len(text) else None,
        total_chars=len(text),
    )


def _make_summary(fields: dict[str, Any]) -> results.RunSummary:
    return results.RunSummary(**{name: value for name, value in fields.items() if name != "started"})


def _make_fields(record: Record, row: Row) -> dict[str, Any]:
    effect = row.effect
    return {
        "id": row.id,
        "title": row.title,
        "state": str(row.state),
        "effect": effect.value if effect else None,
        "low": effect.low if effect else None,
        "high": effect.high if effect else None,
        "p_value": effect.p_value if effect else None,
        "seeds": effect.seeds if effect else 0,
        "novelty": record.screened.get(row.id, Screened()).novelty,
    }


def _describe_metric(record: Record) -> str:
    metric = record.metric
    return f"{metric.name} ({metric.direction.value} is better), least effect {metric.min_effect:g}" if metric else ""


def _describe_claim(claim: Claim | None) -> str:
    if claim is None:
        return ""
    effect = f"{format_effect(claim.effect)} {format_interval(claim.effect)}".strip()
    return f"{claim.ending} at level {claim.level:g}: {claim.reason}; effect {effect}"


def _find_fault(record: Record, id: str) -> str:
    builds = record.builds.list_of(id)
    if not builds or any(build.version for build in builds):
        return ""
    detail = builds[-1].tries[-1].detail if builds[-1].tries else ""
    return f"{builds[-1].cause}: {detail}" if detail else builds[-1].cause


def _list_experiments(record: Record, id: str) -> list[str]:
    experiments = record.experiments.list_of(id)[-MAX_EXPERIMENTS:]
    return [
        f"{one.id[:12]} {one.split} seed {one.seed}: {one.outcome.value}"
        f"{'' if one.score is None else f', score {one.score:.6g}'}{f', {one.cause}' if one.cause else ''}"
        for one in experiments
    ]


def _find_waiting(record: Record, id: str) -> results.Waiting | None:
    if id not in record.list_waiting():
        return None
    return results.Waiting(seen=record.review_requests[id], decision=record.find_decision(id))
