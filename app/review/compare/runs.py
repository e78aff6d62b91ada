"""Two runs side by side: what was set and given differently, how far they came, what they cost, and whether their
numbers can be compared at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.formatting import format_duration, format_effect, format_interval, format_line, format_money, format_number
from app.live.board import count_funnel, find_best_verdict, list_budgets, rank_hypotheses
from app.record.folders import LEDGER, find_state
from app.record.record import Record
from app.report.facts import list_models, measure_baseline
from app.review.compare.lines import Line, pair_values
from memory.ledger.ledger import Ledger
from pelagos.facts.checks import Pin

MOST_BEST = 5
BASELINE = "baseline"
"""The key of the pin that holds the program's hash."""


@dataclass(frozen=True)
class RunSide:
    """One run. `pins` are the hashes of what it was scored by and on, by split, and of its baseline."""

    name: str
    record: Record
    state: str
    pins: Mapping[str, Pin]


@dataclass(frozen=True)
class Best:
    """A hypothesis that a run found best."""

    id: str
    title: str
    verdict: str
    effect: str
    interval: str


@dataclass(frozen=True)
class ComparedRuns:
    """`warnings` say why numbers can't be compared, none where they can. `settings` hold those that differ."""

    a: RunSide
    b: RunSide
    warnings: list[str]
    facts: list[Line]
    funnel: list[Line]
    budgets: list[Line]
    settings: list[Line]
    best: tuple[list[Best], list[Best]]


def read_side(folder: Path, record: Record, name: str) -> RunSide:
    """Return the run in `folder`. Raises BadInput and DamagedRun."""
    with closing(Ledger.read(folder / LEDGER)) as reader:
        return RunSide(name, record, find_state(folder, record)[0], reader.facts(Pin))


def compare_runs(a: RunSide, b: RunSide) -> ComparedRuns:
    return ComparedRuns(
        a=a,
        b=b,
        warnings=list_warnings(a, b),
        facts=pair_values(_describe_run(a), _describe_run(b)),
        funnel=pair_values(*({name: str(count) for name, count in _count(side).items()} for side in (a, b))),
        budgets=pair_values(_describe_budgets(a.record), _describe_budgets(b.record)),
        settings=[line for line in pair_values(_flatten(a), _flatten(b)) if line.differs],
        best=(_list_best(a.record), _list_best(b.record)),
    )


def list_warnings(a: RunSide, b: RunSide) -> list[str]:
    """Return a sentence for each reason why the scores of two runs can't be compared."""
    one, other = a.record.started, b.record.started
    found = []
    if one.task != other.task:
        return [f"The tasks differ: {format_line(one.task, 80)} and {format_line(other.task, 80)}."]
    if one.digest != other.digest:
        found.append(
            f"The task's text or files differ: {one.digest[:8] or 'unknown'} and {other.digest[:8] or 'unknown'}."
        )
    if one.metric != other.metric:
        found.append(f"The metrics differ: {_describe_metric(a.record)} and {_describe_metric(b.record)}.")
    splits = sorted(name for name in {*a.pins, *b.pins} if name != BASELINE and _pin(a, name) != _pin(b, name))
    if splits:
        found.append(f"The data or the evaluator differ: {', '.join(format_line(name, 40) for name in splits)}.")
    seen, others = _map_data(a.record), _map_data(b.record)
    changed = sorted(split for split in seen.keys() & others.keys() if seen[split] != others[split])
    if changed and not splits:
        found.append(f"The experiments saw other data: {', '.join(changed)}.")
    if _pin(a, BASELINE) != _pin(b, BASELINE):
        found.append("The baseline programs differ.")
    return found


def _pin(side: RunSide, name: str) -> tuple[str, str] | None:
    pin = side.pins.get(name)
    return (pin.digest, pin.inputs or "") if pin else None


def _map_data(record: Record) -> dict[str, str]:
    """Return the hash of the data that the baseline's newest experiment on each split saw."""
    return {each.split: each.data for each in record.experiments.list_of(None) if each.data}


def _describe_metric(record: Record) -> str:
    metric = record.metric
    return f"{format_line(metric.name, 40)} ({metric.direction})" if metric else "none"


def _describe_run(side: RunSide) -> dict[str, str]:
    record, baseline = side.record, measure_baseline(side.record)
    spread = f" ± {format_number(baseline.spread)}" if baseline.spread is not None else ""
    return {
        "state": side.state,
        "task": format_line(record.task),
        "task digest": record.started.digest[:12],
        "toolchain": record.started.toolchain,
        "Pelagos": record.started.pelagos,
        "metric": _describe_metric(record),
        "baseline": f"{format_number(baseline.mean)}{spread}" if baseline.mean is not None else "",
        "models": "; ".join(f"{format_line(spec, 60)} ({roles})" for spec, roles in list_models(record)),
        "best effect": _describe_best_effect(record),
    }


def _describe_best_effect(record: Record) -> str:
    best = find_best_verdict(record)
    return f"{format_effect(best.effect)} {format_interval(best.effect)}".strip() if best else ""


def _count(side: RunSide) -> dict[str, int]:
    return asdict(count_funnel(side.record))


def _describe_budgets(record: Record) -> dict[str, str]:
    return {
        bar.name: _describe_amount(bar.unit, bar.spent) + _describe_cap(bar.unit, bar.cap)
        for bar in list_budgets(record)
    }


def _describe_cap(unit: str, cap: float | None) -> str:
    return "" if cap is None else f" of {_describe_amount(unit, cap)}"


def _describe_amount(unit: str, amount: float) -> str:
    if unit == "s":
        return format_duration(amount)
    return format_money(amount) if unit == "USD" else f"{amount:,.0f}"


def _flatten(side: RunSide) -> dict[str, str]:
    """Return the settings by their dotted names."""
    return dict(_walk("", side.record.settings))


def _walk(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        return [
            pair for name in sorted(value) for pair in _walk(f"{prefix}.{name}" if prefix else str(name), value[name])
        ]
    text = value if isinstance(value, str) else "not set" if value is None else json.dumps(value)
    return [(format_line(prefix, 80), format_line(text, 200))]


def _list_best(record: Record) -> list[Best]:
    judged = [id for id in record.proposed if id in record.verdicts and id in record.hypotheses]
    return [_make_best(record, id) for id in rank_hypotheses(record, judged)[:MOST_BEST]]


def _make_best(record: Record, id: str) -> Best:
    verdict = record.verdicts[id]
    kind = "suspect" if verdict.suspect else str(verdict.kind)
    title = format_line(record.find_title(id), 120)
    return Best(id, title, kind, format_effect(verdict.effect), format_interval(verdict.effect))
