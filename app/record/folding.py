"""Adds each kind of fact to a record. A noun is in the record before its function here is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pelagos.facts.calls import Call, ModelFault, Outage, OutageOver, Switch
from pelagos.facts.drive import Ending, Entered, Estimate, Given, Note, Started, Stopped
from pelagos.facts.external import ToolCall, ToolReading
from pelagos.facts.fact import Cost
from pelagos.facts.ideas import Screened, Survey
from pelagos.facts.reader import read_cost
from pelagos.facts.review import (
    Control,
    Decision,
    MoreGiven,
    MoreWanted,
    Offered,
    Proposed,
    Reviewed,
    Steer,
    Taken,
    Wanted,
)
from pelagos.facts.upgrades import apply_claim
from pelagos.nouns import OutcomeKind

if TYPE_CHECKING:
    from app.record.event import Event
    from app.record.record import Record


def _fold_started(record: Record, fact: Started, event: Event) -> None:
    record.started = fact


def _fold_caps(record: Record, fact: Given, event: Event) -> None:
    """Let settings that were given later replace those of the launch."""
    settings = record.settings
    merged = {name: {**(settings.get(name) or {}), **part} for name, part in fact.sections.items()}
    record.started = record.started.model_copy(update={"settings": {**settings, **merged}})


def _fold_ended(record: Record, fact: Ending, event: Event) -> None:
    record.ended = fact
    record.pending.clear()


def _fold_stopped(record: Record, fact: Stopped, event: Event) -> None:
    record.stopped = fact
    record.pending.clear()


def _fold_node(record: Record, fact: Entered, event: Event) -> None:
    record.current_node = fact.node
    record.current_hypothesis = record.current_hypothesis if fact.hypothesis is None else fact.hypothesis
    record.node_by_hypothesis[record.current_hypothesis] = record.current_node
    # A failed step leaves only its intent: no step that an earlier node began for this hypothesis is in progress.
    finished = [
        key for key, intent in record.pending.items() if (intent.hypothesis or "") in ("", record.current_hypothesis)
    ]
    for key in finished:
        del record.pending[key]


def _fold_pace(record: Record, fact: Estimate, event: Event) -> None:
    record.pace = (record.spent.seconds, fact)
    record.current_hypothesis = fact.hypothesis or record.current_hypothesis


def _fold_screened(record: Record, fact: Screened, event: Event) -> None:
    record.screened[fact.hypothesis] = fact
    if fact.kept:
        record.kept.add(fact.hypothesis)


def _fold_wanted(record: Record, fact: Wanted, event: Event) -> None:
    record.review_requests[fact.hypothesis] = event.key


def _fold_reviewed(record: Record, fact: Reviewed, event: Event) -> None:
    record.reviews[event.key] = fact


def _fold_decision(record: Record, fact: Decision, event: Event) -> None:
    record.decisions[fact.seen] = fact
    record.decision_keys[fact.seen] = event.key


def _fold_control(record: Record, fact: Control, event: Event) -> None:
    record.control = fact


def _fold_more_wanted(record: Record, fact: MoreWanted, event: Event) -> None:
    record.more_wanted[event.key] = fact


def _fold_more_given(record: Record, fact: MoreGiven, event: Event) -> None:
    record.more_given[event.key] = fact.reason


def _fold_offered(record: Record, fact: Offered, event: Event) -> None:
    record.offered = fact


def _fold_proposed(record: Record, fact: Proposed, event: Event) -> None:
    record.proposals[event.key] = fact


def _fold_taken(record: Record, fact: Taken, event: Event) -> None:
    record.taken[event.key] = fact


def _fold_steer(record: Record, fact: Steer, event: Event) -> None:
    record.steer = fact


def _fold_survey(record: Record, fact: Survey, event: Event) -> None:
    record.survey = fact.papers


def _fold_call(record: Record, fact: Call, event: Event) -> None:
    record.calls[fact.spec, fact.role] += 1
    record.calls_name_hypotheses |= fact.hypothesis is not None
    if fact.role == "coder" and fact.hypothesis is not None:
        record.coder_calls[fact.hypothesis] += 1


def _fold_fault(record: Record, fact: ModelFault, event: Event) -> None:
    record.faults.append((event.at, fact))


def _fold_note(record: Record, fact: Note, event: Event) -> None:
    record.notes.append((event.at, fact.text))


def _fold_outage(record: Record, fact: Outage, event: Event) -> None:
    record.outages[fact.spec] = (event.at, fact.reason)


def _fold_outage_over(record: Record, fact: OutageOver, event: Event) -> None:
    record.outages.pop(fact.spec, None)


def _fold_switch(record: Record, fact: Switch, event: Event) -> None:
    """End the wait for a model that another one replaces."""
    record.outages.pop(fact.before, None)


def _fold_hypothesis(record: Record, id: str) -> None:
    record.current_hypothesis = id
    record.proposed[id] = None


def _fold_plan(record: Record, id: str) -> None:
    record.current_hypothesis = record.plans[id].hypothesis


def _fold_build(record: Record, id: str) -> None:
    for attempt in record.builds[id].tries:
        _count_failure(record, attempt.cause)


def _fold_experiment(record: Record, id: str) -> None:
    experiment = record.experiments[id]
    _count_experiment(record, experiment.isolation, experiment.outcome, experiment.cause, experiment.split == "sealed")
    scored = experiment.outcome is OutcomeKind.OK and experiment.score is not None
    if scored and experiment.split == "validation" and experiment.hypothesis is not None:
        record.executed.add(experiment.hypothesis)


def _fold_verdict(record: Record, id: str) -> None:
    record.last_verdict_s = record.spent.seconds


def _fold_confirmed(record: Record, id: str) -> None:
    """Fold a claim as earlier versions recorded it: it changes the verdict."""
    if id in record.verdicts:
        record.verdicts.replace(id, apply_claim(record.verdicts[id], record.claims[id]))


def _count_experiment(
    record: Record, isolation: str | None, outcome: str | None, cause: str | None, sealed: bool, times: int = 1
) -> None:
    record.isolations[isolation or ""] += times
    record.seal_touches += times * bool(sealed)
    if outcome != OutcomeKind.OK:
        _count_failure(record, cause or outcome, times)


def _count_failure(record: Record, cause: str | None, times: int = 1) -> None:
    if cause and cause != "ok":
        record.failures[cause.partition(":")[0]] += times


def add_sums(record: Record, sums: Mapping[str, Any]) -> None:
    """Add the sums over the rows that are left out (`CondensedLedger.events`)."""
    record.proposed |= dict.fromkeys(sums["proposed"])
    record.kept |= set(sums["kept"])
    record.executed |= set(sums["executed"])
    record.spent.add(read_cost(sums) or Cost())
    record.spent.unpriced += int(sums["cost"]["unpriced"])
    for isolation, outcome, cause, sealed, times in sums["experiments"]:
        _count_experiment(record, isolation, outcome, cause, sealed, times)
    for cause, times in sums["tries"]:
        _count_failure(record, cause, times)
    for spec, role, named, times in sums["calls"]:
        record.calls[str(spec or ""), str(role or "")] += times
        record.calls_name_hypotheses |= bool(named)


def _fold_tool_call(record: Record, call: ToolCall, event: Event) -> None:
    record.tool_calls[event.key] = call


def _fold_tool_reading(record: Record, reading: ToolReading, event: Event) -> None:
    record.tool_readings[event.key] = reading.text


FOLDS: dict[str, Callable[[Record, Any, Event], None]] = {
    "run.started": _fold_started,
    "tool.call": _fold_tool_call,
    "tool.reading": _fold_tool_reading,
    "caps": _fold_caps,
    "run.ended": _fold_ended,
    "run.stopped": _fold_stopped,
    "node": _fold_node,
    "pace": _fold_pace,
    "screened": _fold_screened,
    "review.wanted": _fold_wanted,
    "reviewed": _fold_reviewed,
    "decision": _fold_decision,
    "run.control": _fold_control,
    "evidence.wanted": _fold_more_wanted,
    "evidence.given": _fold_more_given,
    "targets": _fold_offered,
    "proposal": _fold_proposed,
    "taken": _fold_taken,
    "steer": _fold_steer,
    "survey": _fold_survey,
    "model": _fold_call,
    "model.fault": _fold_fault,
    "note": _fold_note,
    "outage": _fold_outage,
    "outage.over": _fold_outage_over,
    "model.switch": _fold_switch,
}
NOUN_FOLDS: dict[str, Callable[[Record, str], None]] = {
    "hypothesis": _fold_hypothesis,
    "plan": _fold_plan,
    "build": _fold_build,
    "experiment": _fold_experiment,
    "verdict": _fold_verdict,
    "confirmed": _fold_confirmed,
}
"""Each function takes the record and the id of the noun."""
