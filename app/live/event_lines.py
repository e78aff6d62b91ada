"""Describes events in lines for people. Artifacts, checkpoints and single model calls have no line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.formatting import format_duration, format_effect, format_line
from app.live.progress import describe_activity
from app.record.event import Event
from app.record.record import Record
from pelagos.counts import format_count
from pelagos.facts.calls import ModelFault, Outage, OutageOver, Switch
from pelagos.facts.drive import Ending, Entered, Estimate, Note
from pelagos.facts.reader import read_row
from pelagos.facts.work import Attempt
from pelagos.nouns import Build, Claim, Experiment, Hypothesis, Plan, Verdict

REASON_LENGTH = 90  # characters of why an endpoint is away


def describe_event(record: Record, event: Event) -> str:
    """Return one line about `event`, or '' for a kind without one. `record` must hold the event already."""
    describe = _DESCRIBERS.get(event.kind)
    return format_line(describe(record, read_row(event))) if describe else ""


def _find_title(record: Record, hypothesis: str | None) -> str:
    if not hypothesis or hypothesis not in record.hypotheses:
        return hypothesis or "baseline"
    return f"{hypothesis} {record.find_title(hypothesis)}"


def _describe_node(record: Record, fact: Entered) -> str:
    return describe_activity(record)


def _describe_pace(record: Record, fact: Estimate) -> str:
    seconds, speed = fact.hypothesis_s, _describe_speed(fact)
    duration_text = (
        f"takes about {format_duration(seconds)} here" if seconds is not None else "is the first to be timed here"
    )
    return f"{_find_title(record, fact.hypothesis)}: one hypothesis {duration_text}" + (
        f" (the model {speed})" if speed else ""
    )


def _describe_speed(fact: Estimate) -> str:
    rates = (("reads", fact.read_tps), ("writes", fact.write_tps))
    return ", ".join(f"{verb} {rate:.3g} tokens/s" for verb, rate in rates if rate is not None)


def _describe_hypothesis(record: Record, fact: Hypothesis) -> str:
    return f"{fact.id} idea: {fact.title}"


def _describe_plan(record: Record, fact: Plan) -> str:
    score = f", scored {fact.score:.2f}" if fact.score is not None else ""
    return f"{_find_title(record, fact.hypothesis)}: plan of {format_count(len(fact.steps), 'step')}{score}"


def _describe_build(record: Record, fact: Build) -> str:
    tries = len(fact.tries)
    result = "built" if fact.version else f"did not build ({fact.cause})"
    return f"{_find_title(record, fact.hypothesis)}: {result} after {tries} {'try' if tries == 1 else 'tries'}"


def _describe_experiment(record: Record, fact: Experiment) -> str:
    result = f"{fact.score:.4g}" if fact.score is not None else fact.cause or fact.outcome
    title, duration = _find_title(record, fact.hypothesis), format_duration(fact.seconds)
    return f"{title}: {fact.split} seed {fact.seed}: {result} in {duration}"


def _describe_attempt(record: Record, fact: Attempt) -> str:
    """Describe an attempt that the machinery spoiled. Only an experiment's names its hypothesis."""
    hypothesis = fact.hypothesis if "hypothesis" in fact.model_fields_set else record.current_hypothesis
    return f"{_find_title(record, hypothesis)}: an attempt was spoiled from outside: {fact.cause}"


def _describe_verdict(record: Record, fact: Verdict) -> str:
    return f"{_find_title(record, fact.hypothesis)}: {fact.kind}, effect {format_effect(fact.effect)}"


def _describe_claim(record: Record, fact: Claim) -> str:
    return f"{_find_title(record, fact.hypothesis)}: {fact.ending} on sealed data, effect {format_effect(fact.effect)}"


def _describe_fault(record: Record, fact: ModelFault) -> str:
    return f"model fault: {fact.role} {fact.error or fact.cause}"


def _describe_note(record: Record, fact: Note) -> str:
    return fact.text


def _describe_outage(record: Record, fact: Outage) -> str:
    reason, pause = format_line(fact.reason, REASON_LENGTH), format_duration(fact.next_s)
    return f"the model's endpoint does not answer ({reason}); waiting, next try in {pause}"


def _describe_outage_over(record: Record, fact: OutageOver) -> str:
    return f"{fact.spec} answers again after {format_duration(fact.seconds)}"


def _describe_switch(record: Record, fact: Switch) -> str:
    if fact.back:
        return f"{fact.role}: {fact.spec} is asked again"
    return f"{fact.role}: {fact.spec} is asked while {fact.before} does not answer"


def _describe_ending(record: Record, fact: Ending) -> str:
    return f"run ended: {fact.status} {fact.reason}"


_DESCRIBERS: dict[str, Callable[[Record, Any], str]] = {
    "node": _describe_node,
    "pace": _describe_pace,
    "hypothesis": _describe_hypothesis,
    "plan": _describe_plan,
    "build": _describe_build,
    "experiment": _describe_experiment,
    **dict.fromkeys(("experiment.attempt", "smoke.attempt", "scoring.attempt"), _describe_attempt),
    "verdict": _describe_verdict,
    "claim": _describe_claim,
    "confirmed": _describe_claim,
    "model.fault": _describe_fault,
    "note": _describe_note,
    "outage": _describe_outage,
    "outage.over": _describe_outage_over,
    "model.switch": _describe_switch,
    "run.ended": _describe_ending,
}
LINE_KINDS = frozenset(_DESCRIBERS)
"""Kinds of events that have a line."""
