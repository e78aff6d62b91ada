"""What a run came to that judged one version which was handed in: values for JSON, lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.formatting import format_effect, format_interval, format_line
from app.live.board import Row, list_rows
from app.record import folders
from app.record.record import Record
from app.record.summaries import summarize_hypothesis
from pelagos.nouns import Try, VerdictKind


def summarize_judgement(folder: Path, record: Record) -> dict[str, Any]:
    state, _ = folders.find_state(folder, record)
    row, attempt = _find_row(record), _find_try(record)
    return {
        "run": str(folder),
        "state": state,
        "reason": folders.explain_state(record, state),
        "runs": attempt is not None and bool(attempt.version),
        "fault": attempt.model_dump(mode="json", include={"cause", "detail"})
        if attempt and not attempt.version
        else None,
        "hypothesis": summarize_hypothesis(record, row) if row else None,
    }


def describe_judgement(record: Record) -> list[str]:
    """Return a line each: the verdict with its effect, why, and what the audit found or what kept it from running."""
    row, attempt = _find_row(record), _find_try(record)
    if row is None:
        return ["nothing was judged yet"]
    screened = record.screened.get(row.id)
    if screened is not None and not screened.kept:
        return [f"not judged again: {format_line(screened.reason)}"]
    verdict, claim = record.verdicts.get(row.id), record.claims.get(row.id)
    lines = [f"{row.id} {format_line(row.title)}: {row.state} {_describe_effect(row)}".rstrip()]
    if verdict is not None:
        lines.append(f"why: {format_line(verdict.reason, 600)}")
    if attempt is not None and not attempt.version:
        lines.append(f"it did not run: {format_line(f'{attempt.cause}: {attempt.detail}', 600)}")
    lines += [f"suspect: {format_line(finding, 600)}" for finding in row.suspect]
    if claim is not None:
        lines.append(f"sealed data: the claim {claim.ending}: {format_line(claim.reason, 600)}")
    elif row.verdict is VerdictKind.PROMISING and not row.suspect:
        lines.append("sealed data: not looked at; the same command with --confirm tests it there, which costs level")
    return lines


def _describe_effect(row: Row) -> str:
    if row.effect is None:
        return ""
    return f"{format_effect(row.effect)} {format_interval(row.effect)}, {row.effect.seeds} seeds"


def _find_row(record: Record) -> Row | None:
    return next(iter(list_rows(record)), None)


def _find_try(record: Record) -> Try | None:
    """Return the newest try to make the version run."""
    return next((attempt for build in reversed(list(record.builds.values())) for attempt in build.tries), None)
