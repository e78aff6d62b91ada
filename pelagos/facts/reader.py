"""Turns rows of the ledger into records, whichever version of Pelagos wrote them. It is the only place that does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from pelagos.errors import BadInput
from pelagos.facts import calls, checks, drive, external, ideas, review, work
from pelagos.facts.fact import INTENT, Cost, find_kind
from pelagos.facts.upgrades import FORMER_FIELDS, UPGRADES
from pelagos.nouns import (
    FLAT_EFFECT_FIELDS,
    Audit,
    Build,
    Claim,
    Experiment,
    Fidelity,
    Hypothesis,
    Lesson,
    Measured,
    Plan,
    Signature,
    Verdict,
    Version,
)

R = TypeVar("R", bound=BaseModel)
ATTEMPT = ".attempt"
SECONDS_FIELDS = ("seconds", "wall_s")
NOUNS = (Hypothesis, Plan, Version, Build, Signature, Experiment, Verdict, Claim, Audit, Fidelity, Lesson)
FACTS = (
    drive.Started, drive.Given, drive.Ending, drive.Stopped, drive.Packages, drive.Entered, drive.Estimate,
    drive.Waited, drive.Note, drive.Notified, work.Lost, calls.Call, calls.Completed, calls.Scoring, calls.ModelFault,
    calls.ModelFile, calls.Outage, calls.OutageOver, calls.Switch, calls.Embedded, calls.Vector, ideas.Survey,
    ideas.Searched, ideas.Submission, ideas.Remembered, ideas.Screened, ideas.Knowhow,
    ideas.OfferedSkills, ideas.Adopted, ideas.Foreseen, ideas.PlanRanking,
    review.Wanted, review.Decision, review.Reviewed, review.Control, review.MoreWanted, review.MoreGiven,
    review.Offered, review.Proposed, review.Taken, review.Steer, review.Steered,
    checks.Pin, checks.Smoke, checks.StepCheck, checks.Match,
    checks.Tested, checks.Settled,
    checks.Touch, external.ToolListing, external.ToolCall, external.ToolReading,
)  # fmt: skip
KINDS: dict[str, type[BaseModel]] = {
    **{find_kind(record): record for record in (*NOUNS, *FACTS)},
    "confirmed": Claim,
    "failed" + INTENT: work.Failed,
    "clock" + INTENT: drive.Span,
    "pause" + INTENT: drive.Span,
}
FIELDS: dict[type[BaseModel], tuple[str, ...]] = {
    noun: (*noun.model_fields, *(FLAT_EFFECT_FIELDS if issubclass(noun, Measured) else ())) for noun in NOUNS
}
"""Of nouns, which refuse others, with those that `with_effect` lifts. Views of long runs read every row, so it is made
once."""


class Row(Protocol):
    """A row of the ledger."""

    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any]: ...


def read(record: type[R], payload: Mapping[str, Any]) -> R:
    """Return the record of a payload of its kind. Raises ValidationError where another version wrote what can't be
    read."""
    return _read(find_kind(record), record, "", payload)


def read_row(row: Row) -> Any:
    """Return the record of a row; None for a kind of a toolchain's own. Raises as `read` does."""
    record = _find_record(row.kind)
    return None if record is None else _read(row.kind, record, row.key, row.payload)


def read_strictly(row: Row) -> Any:
    """Return the record of a row; raise ValidationError also for a noun's field that no version up to this one has."""
    known = {
        name: value for name, value in _upgrade(row.kind, row.key, row.payload).items() if name not in FORMER_FIELDS
    }
    return KINDS[row.kind].model_validate(known)


def read_seconds(payload: Mapping[str, Any]) -> float:
    """Return the seconds that a row of any kind says it took, 0 if it doesn't say."""
    return max(
        (float(payload[name]) for name in SECONDS_FIELDS if isinstance(payload.get(name), int | float)), default=0.0
    )


def read_cost(payload: Mapping[str, Any]) -> Cost | None:
    """Return what the step that made a fact cost, None if no step made it."""
    cost = payload.get("cost")
    if isinstance(cost, Mapping):
        return Cost(**{name: cost[name] for name in Cost._fields if name in cost})
    return None if cost is None else Cost(*cost)


def describe_unreadable(ledger: str, seq: int, kind: str, error: ValidationError | KeyError) -> BadInput:
    """Return the error for a row of the ledger file that another version of Pelagos wrote."""
    fault = f"{ledger}: event {seq} ({kind}): {_describe_fault(error)}"
    return BadInput(f"{fault}; another version of Pelagos wrote it: read it with that version")


def _describe_fault(error: ValidationError | KeyError) -> str:
    if not isinstance(error, ValidationError):
        return f"the field {error} is missing"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"


@cache
def _find_record(kind: str) -> type[BaseModel] | None:
    if kind.endswith(ATTEMPT):
        return work.Attempt
    return KINDS.get(kind) or (work.Intent if kind.endswith(INTENT) else None)


def _upgrade(kind: str, key: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return UPGRADES[kind](key, payload) if kind in UPGRADES else payload


def _read(kind: str, record: type[R], key: str, payload: Mapping[str, Any]) -> R:
    upgraded, fields = _upgrade(kind, key, payload), FIELDS.get(record)
    if fields is not None:
        upgraded = {name: upgraded[name] for name in fields if name in upgraded}
    return record.model_validate(upgraded)
