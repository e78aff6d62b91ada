"""Composes the report's first sentence. It never calls a score on validation data alone a finding."""

from __future__ import annotations

from collections.abc import Collection

from app.formatting import add_unit, format_effect, format_interval, format_line
from app.live.board import Funnel
from app.report.facts import Finding
from pelagos.counts import format_count
from pelagos.nouns import Effect, Metric, Verdict, VerdictKind


def compose_headline(
    metric: Metric | None, funnel: Funnel, best: Finding | None, verdicts: Collection[Verdict], state: str
) -> str:
    if state == "failed" and not funnel.executed:
        return "The run failed before anything was tested."
    sentence = _describe_findings(metric, funnel, best, verdicts)
    return (
        sentence if state in {"finished", "ended"} else f"{_describe_state(state)}: {sentence[0].lower()}{sentence[1:]}"
    )


def _describe_state(state: str) -> str:
    texts = {"running": "Still running", "stopped": "Stopped before its end", "crashed": "Crashed before its end"}
    return texts.get(state, f"Ended early ({state})")


def _describe_findings(
    metric: Metric | None, funnel: Funnel, best: Finding | None, verdicts: Collection[Verdict]
) -> str:
    name = format_line(metric.name) if metric else "the metric"
    if not funnel.executed or best is None:
        return f"Nothing could be tested: of {format_count(funnel.kept, 'hypothesis')} kept, none ran to a score."
    if best.sealed and best.sealed.held:
        others = f" ({funnel.supported} supported in all)" if funnel.supported > 1 else ""
        size = _format_size(metric, best.sealed.effect)
        return f"“{format_line(best.title)}” holds on sealed data: effect +{size} in {name}{others}."
    if funnel.promising:
        sealed_text = "sealed data don’t show it" if best.sealed else "it was not tested on sealed data"
        if best.sealed and not best.sealed.concluded:
            sealed_text = "its test on sealed data was cut short"
        title, measured = format_line(best.title), _format_size(metric, best.effect)
        return f"“{title}” is better on validation data ({measured}), which only select; {sealed_text}."
    suspects = sum(bool(verdict.suspect) for verdict in verdicts)
    compared = [verdict for verdict in verdicts if verdict.effect is not None and not verdict.suspect]
    undecided = sum(verdict.kind is VerdictKind.UNDECIDED for verdict in compared)
    remainder = f"; {undecided} stay undecided" if undecided else ""
    remainder += f"; {suspects} suspect" if suspects else ""
    tested = format_count(funnel.executed, "hypothesis")
    return (
        f"No improvement of {name} was found: {tested} tested, none promising against the baseline’s noise{remainder}."
    )


def _format_size(metric: Metric | None, effect: Effect | None) -> str:
    interval = format_interval(effect)
    return add_unit(format_effect(effect).lstrip("+"), metric) + (f" (interval {interval})" if interval else "")
