"""Values for JSON and cells of tables that `pelagos status`, `list` and `hypotheses` print of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agents.fidelity.titles import describe_fidelity
from app.formatting import format_effect, format_interval, format_line, format_number
from app.live.board import Row, count_funnel, list_budgets, list_rows
from app.live.columns import Column
from app.live.progress import describe_activity, estimate_next_verdict, summarize_verdicts
from app.live.view_clock import estimate_now
from app.record import folders
from app.record.record import Record
from app.report.differences import list_differences
from app.unsafe_warning import make_warning
from pelagos.counts import format_count
from pelagos.errors import BadInput, DamagedRun
from pelagos.facts.fact import dump_payload
from pelagos.facts.ideas import Screened
from pelagos.nouns import Effect, Measured

NO_EFFECT = {**dict.fromkeys(Effect.model_fields), "seeds": 0}
ROW_FIELDS = ("value", "low", "high", "p_value")


def summarize_status(folder: Path, record: Record, state: str, pid: int | None) -> dict[str, Any]:
    now = estimate_now(record) if pid is not None else record.last_at
    return {
        "run": str(folder),
        "task": record.task,
        "state": state,
        "pid": pid,
        "warning": make_warning(record),
        "reason": folders.explain_state(record, state),
        "node": record.current_node,
        "activity": describe_activity(record),
        "learned": summarize_verdicts(record),
        "next_verdict": estimate_next_verdict(record, now),
        "funnel": count_funnel(record),
        "budget": list_budgets(record, now if pid is not None else None),
        "hypotheses": [_add_effect(vars(row), row.effect, ROW_FIELDS) for row in list_rows(record)],
        "notes": [{"at": at, "text": text} for at, text in record.notes[-10:]],
        "damage": folders.list_damage(folder),
    }


def summarize_run(folder: Path) -> dict[str, Any]:
    """Return the row of `pelagos list`. A run that can't be read has the state damaged: it must not hide the others."""
    try:
        record = folders.read_condensed(folder)
    except (BadInput, DamagedRun) as error:
        return {"run": folder.name, "state": "damaged", "reason": str(error)}
    funnel, (state, _) = count_funnel(record), folders.find_state(folder, record)
    return {
        "run": folder.name,
        "task": record.task,
        "state": state,
        "reason": folders.explain_state(record, state).partition("\n")[0],
        "kept": funnel.kept,
        "executed": funnel.executed,
        "promising": funnel.promising,
        "supported": funnel.supported,
        "started": record.first_at,
    }


def summarize_hypothesis(record: Record, row: Row) -> dict[str, Any]:
    return {
        "did": list_differences(record, row.id),
        **record.hypotheses[row.id].model_dump(mode="json"),
        "stage": row.stage,
        "detail": row.detail,
        "screened": dump_payload(record.screened[row.id]) if row.id in record.screened else None,
        "verdict": _flatten(record.verdicts.get(row.id)),
        "claim": _flatten(record.claims.get(row.id)),
    }


def _flatten(noun: Measured | None) -> dict[str, Any] | None:
    return _add_effect(noun.model_dump(mode="json"), noun.effect, NO_EFFECT) if noun else None


def _add_effect(fields: Mapping[str, Any], effect: Effect | None, names: Iterable[str]) -> dict[str, Any]:
    """Return `fields` with the effect's fields of these names added, its value under the key `effect`: the flat form
    that scripts read."""
    effect_fields = effect.model_dump() if effect else NO_EFFECT
    return {**fields, **{"effect" if name == "value" else name: effect_fields[name] for name in names}}


def describe_hypothesis(record: Record, row: Row) -> list[str]:
    """Return one hypothesis as lines: first its measured differences from the baseline, then the statements about
    it."""
    hypothesis, lesson, fidelity = record.hypotheses[row.id], record.lessons.get(row.id), record.find_fidelity(row.id)
    differences = list_differences(record, row.id) or ["not measured"]
    statements = {
        "claimed": hypothesis.title,
        "is that what was done": describe_fidelity(fidelity) if fidelity else "not looked at",
        "statement": hypothesis.statement,
        "why": hypothesis.rationale,
        "where": hypothesis.target,
        "refuted by": hypothesis.refuted_by,
        "state": row.state,
        "learned": lesson.text if lesson else "",
    }
    lines = [f"  {name}: {format_line(text, 600)}" for name, text in statements.items() if text]
    return [
        f"{hypothesis.id} {format_line(row.title)}",
        "What it did",
        *(f"  {format_line(text)}" for text in differences),
        "What is said of it",
        *lines,
    ]


def make_columns() -> list[Column]:
    """Return the columns of `pelagos hypotheses`, in the order of `make_cells`."""
    return [
        Column("id"),
        Column("title", min_width=24),
        Column("state", min_width=13, rank=1),
        Column("effect", right=True),
        Column("interval", rank=2),
        Column("novelty", rank=5),
        Column("p-value", rank=4, right=True),
        Column("seeds", rank=3, right=True),
    ]


def make_cells(record: Record, row: Row) -> list[str]:
    effect = row.effect
    effect_text = format_effect(effect) if row.verdict else ""
    novelty = record.screened.get(row.id, Screened()).novelty
    cells = [row.id, row.title, row.state, effect_text, format_interval(effect), novelty]
    if row.verdict is None:
        return [*cells, "", ""]
    return [*cells, format_number(effect.p_value if effect else None), str(effect.seeds if effect else 0)]


def describe_funnel(record: Record) -> str:
    funnel = count_funnel(record)
    start = f"{format_count(funnel.proposed, 'hypothesis')}: {funnel.kept} kept, {funnel.executed} executed"
    return f"{start}, {funnel.improved} improved, {funnel.promising} promising, {funnel.supported} supported"
