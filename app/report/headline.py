"""The report's first sentence: what was found, honestly. A selection score alone is never called a finding."""

from __future__ import annotations

from app.board import Funnel
from app.report.facts import Finding
from app.words import count, interval, line, signed, with_unit
from pelagos.nouns import Metric, VerdictKind


def headline(metric: Metric | None, passed: Funnel, found: list[Finding], state: str) -> str:
    if state == "failed" and not passed.executed:
        return "The run failed before anything was tested."
    told = _found(metric, passed, found)
    return told if state in {"finished", "ended"} else f"{_standing(state)}: {told[0].lower()}{told[1:]}"


def _standing(state: str) -> str:
    told = {"running": "Still running", "stopped": "Stopped before its end", "crashed": "Crashed before its end"}
    return told.get(state, f"Ended early ({state})")


def _found(metric: Metric | None, passed: Funnel, found: list[Finding]) -> str:
    name = line(metric.name) if metric else "the metric"
    if not passed.executed:
        return f"Nothing could be tested: of {count(passed.kept, 'hypothesis')} kept, none ran to a score."
    best = found[0]
    if best.sealed and best.sealed.confirmed:
        more = f" ({passed.confirmed} confirmed in all)" if (passed.confirmed or 0) > 1 else ""
        return f"“{line(best.hypothesis.title)}” improves {name} by {_effect(metric, best)} on sealed data{more}."
    if passed.supported:
        seal = "no winner held on sealed data" if passed.confirmed == 0 else "the sealed data has not confirmed it yet"
        title, size = line(best.hypothesis.title), _validated(metric, best)
        return f"“{title}” looked better in selection ({size}), but {seal}."
    suspect = sum(bool(one.suspect) for one in found)
    undecided = sum(one.verdict is not None and one.verdict.kind is VerdictKind.UNDECIDED for one in found) - suspect
    open_ = f"; {undecided} stay undecided" if undecided else ""
    open_ += f"; {suspect} suspect" if suspect else ""
    tested = count(passed.executed, "hypothesis")
    return f"No improvement of {name} was found: {tested} tested, none supported against the baseline’s noise{open_}."


def _effect(metric: Metric | None, best: Finding) -> str:
    sealed = best.sealed
    if sealed is None:
        return _validated(metric, best)
    return _sized(metric, sealed.effect, sealed.low, sealed.high)


def _validated(metric: Metric | None, best: Finding) -> str:
    look = best.verdict
    return _sized(metric, look.effect, look.low, look.high) if look else "–"


def _sized(metric: Metric | None, effect: float | None, low: float | None, high: float | None) -> str:
    span = interval(low, high)
    return with_unit(signed(effect).lstrip("+"), metric) + (f" (interval {span})" if span else "")
