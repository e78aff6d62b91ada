"""A run as its ledger tells it: events folded into nouns. Pure; reads no file and decides nothing.

Live view, plain lines, status and report all start from here, so they can't disagree. Kinds it doesn't know are
passed over: a toolchain may record more than this shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from memory.rows import INTENT
from memory.run_clock import CLOCK, PAUSE, RunClock, launches
from pelagos.nouns import Build, Experiment, Hypothesis, Lesson, Metric, Noun, Plan, RankedPaper, Verdict, Version


class Event(Protocol):
    """A row of the ledger."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any]: ...


@dataclass
class Spent:
    """What is settled so far. `unpriced`: calls whose price nobody knows, which `usd` leaves out."""

    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    experiments: int = 0
    disk_mb: float = 0.0
    seconds: float = 0.0

    def add(self, cost: Mapping[str, Any]) -> None:
        self.tokens += int(cost.get("tokens") or 0)
        self.experiments += int(cost.get("experiments") or 0)
        self.disk_mb += float(cost.get("disk_mb") or 0.0)
        usd = cost.get("usd", 0.0)
        self.usd += usd or 0.0
        self.unpriced += usd is None


@dataclass
class Record:
    """Everything the ledger says, newest verdict per hypothesis. Fold events in their order.

    `stopped` says what ended the last drive without an ending: its status, stopped or crashed, and the reason.
    `runs` are the experiments by hypothesis, `drafts` the coder's replies by hypothesis. `away` are the models that are
    waited for, since when and why. `current` is the hypothesis that is worked on, '' where none is. `pace` is the
    newest estimate of how long one takes here, with the seconds that the run had worked by then, as in `judged_at`.
    `wanted`: hypothesis -> the hash of what a reviewer is to decide on, whose decision stands in `decisions` and, acted
    on, in `reviewed`. `paused`: nothing is done until a reviewer comes.
    """

    started: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] | None = None
    stopped: dict[str, Any] | None = None
    node: str = ""
    current: str = ""
    nodes: dict[str, str] = field(default_factory=dict)
    pace: tuple[float, dict[str, Any]] | None = None
    judged_at: float = 0.0
    hypotheses: dict[str, Hypothesis] = field(default_factory=dict)
    screened: dict[str, dict[str, Any]] = field(default_factory=dict)
    plans: dict[str, list[Plan]] = field(default_factory=dict)
    builds: dict[str, list[Build]] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)
    runs: dict[str | None, dict[str, Experiment]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    lessons: dict[str, Lesson] = field(default_factory=dict)
    confirmed: dict[str, dict[str, Any]] = field(default_factory=dict)
    wanted: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    reviewed: dict[str, dict[str, Any]] = field(default_factory=dict)
    paused: bool = False
    survey: list[RankedPaper] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    drafts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    pending: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    away: dict[str, tuple[float, str]] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    clock: RunClock = field(default_factory=RunClock)
    first_at: float = 0.0
    last_at: float = 0.0
    last: tuple[float, str, str] = (0.0, "", "")

    @classmethod
    def of(cls, events: Iterable[Event]) -> Record:
        record = cls()
        for event in events:
            record.fold(event)
        return record

    def fold(self, event: Event) -> None:
        if event.kind == "decision":  # by whoever, whenever: no time of the run's
            self.decisions[str(event.payload.get("seen"))] = event.payload
            return
        self._clock(event)
        if event.kind in CLOCKS:
            self.paused = event.kind == PAUSE + INTENT
            return
        if event.kind == "failed.intent":
            self.pending.pop((str(event.payload.get("of")), event.key), None)
            return
        if event.kind.endswith(".intent"):
            self.pending[event.kind.removesuffix(".intent"), event.key] = event.payload
            return
        self.pending.pop((event.kind, event.key), None)
        payload = dict(event.payload)
        cost = payload.pop("cost", None)
        if cost is not None:
            self.spent.add(cost if isinstance(cost, Mapping) else dict(zip(_COST, cost, strict=False)))
        fold = _FOLDS.get(event.kind)
        if fold is not None:
            fold(self, payload, event)

    @property
    def metric(self) -> Metric | None:
        found = self.started.get("metric")
        return Metric.model_validate(found) if found else None

    @property
    def task(self) -> str:
        found = self.started.get("task", "")
        return str(found.get("name", "") if isinstance(found, Mapping) else found)

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.started.get("settings") or {})

    def of_hypothesis(self, hypothesis: str | None) -> list[Experiment]:
        return list(self.runs.get(hypothesis, {}).values())

    def waiting(self) -> list[str]:
        """Hypotheses that wait for a reviewer, or whose decision the run has not acted on."""
        found = [id for id, seen in self.wanted.items() if seen not in self.reviewed and id not in self.verdicts]
        return sorted(found, key=lambda id: (len(id), id))  # h2 before h10

    def owner(self, payload: Mapping[str, Any]) -> str:
        """The hypothesis that an intended step belongs to, '' for the baseline's and the run's own."""
        version = self.versions.get(str(payload.get("version")))
        return str(payload.get("hypothesis") or (version.hypothesis if version else "") or "")

    def elapsed(self, now: float | None = None) -> float:
        """Seconds that the run has worked, until `now` where it is going on (Unix seconds)."""
        live = now is not None and self.ended is None and self.last_at > 0 and not self.paused
        return self.spent.seconds + (max(0.0, now - self.last_at) if live and now is not None else 0.0)

    def _clock(self, event: Event) -> None:
        """Time of the run's launches; the pause before a resume is nobody's work."""
        if launches(event):
            self.ended = self.stopped = None
            self.pending.clear()
            self.away.clear()
        if self.ended is not None:
            self.clock.rest()
        self.clock.fold(event)
        self.spent.seconds = self.clock.seconds
        self.first_at = self.first_at or event.at
        self.last_at = event.at
        self.last = (event.at, event.kind, event.key)


CLOCKS = frozenset({CLOCK + INTENT, PAUSE + INTENT})
_PAST = {"cycle"}
_TOLD_OF_CALLS = ("spec", "role", "hypothesis")  # not their words: they would fill the memory of a long run
_COST = ("tokens", "usd", "experiments", "disk_mb")
Fold = Callable[[Record, dict[str, Any], Event], None]


def _known(noun: type[Noun], payload: dict[str, Any]) -> dict[str, Any]:
    """`payload` without the fields that only an earlier version of `noun` had."""
    return {name: value for name, value in payload.items() if name in noun.model_fields or name not in _PAST}


def _started(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.started = payload


def _caps(record: Record, payload: dict[str, Any], event: Event) -> None:
    """What was given anew for the run holds in place of what it was launched with."""
    settings = record.settings
    merged = {name: {**(settings.get(name) or {}), **part} for name, part in payload.items()}
    record.started = {**record.started, "settings": {**settings, **merged}}


def _ended(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.ended = payload
    record.pending.clear()


def _stopped(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.stopped = payload
    record.pending.clear()


def _node(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.node = str(payload.get("node", ""))
    record.current = str(payload.get("hypothesis", record.current))
    record.nodes[record.current] = record.node
    # What failed left only its intent: nothing that an earlier node did for this hypothesis is under way any more.
    ended = [key for key, told in record.pending.items() if told.get("hypothesis", "") in ("", record.current)]
    for key in ended:
        del record.pending[key]


def _pace(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.pace = (record.spent.seconds, payload)
    record.current = str(payload.get("hypothesis") or record.current)


def _hypothesis(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Hypothesis.model_validate(_known(Hypothesis, payload))
    record.hypotheses[one.id] = one
    record.current = one.id


def _screened(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.screened[str(payload["hypothesis"])] = payload


def _plan(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Plan.model_validate(payload)
    record.current = one.hypothesis
    kept = [plan for plan in record.plans.get(one.hypothesis, []) if plan.id != one.id]
    record.plans[one.hypothesis] = [*kept, one]


def _build(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Build.model_validate(payload)
    record.builds.setdefault(one.hypothesis, []).append(one)


def _version(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Version.model_validate(payload)
    record.versions[one.id] = one


def _experiment(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Experiment.model_validate(payload)
    record.experiments[one.id] = one
    record.runs.setdefault(one.hypothesis, {})[one.id] = one


def _verdict(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Verdict.model_validate(payload)
    record.verdicts[one.hypothesis] = one
    record.judged_at = record.spent.seconds


def _lesson(record: Record, payload: dict[str, Any], event: Event) -> None:
    one = Lesson.model_validate(_known(Lesson, payload))
    record.lessons[one.hypothesis] = one


def _confirmed(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.confirmed[str(payload["hypothesis"])] = payload


def _wanted(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.wanted[str(payload["hypothesis"])] = event.key


def _reviewed(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.reviewed[event.key] = payload


def _survey(record: Record, payload: dict[str, Any], event: Event) -> None:
    papers = payload.get("papers") or payload.get("ranked") or []
    record.survey = [RankedPaper.model_validate(one) for one in papers]


def _model(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.calls.append({name: payload[name] for name in _TOLD_OF_CALLS if name in payload})
    if payload.get("role") == "coder" and "hypothesis" in payload:
        record.drafts[str(payload.get("hypothesis", ""))] += 1


def _model_fault(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.faults.append((event.at, payload))


def _note(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.notes.append((event.at, str(payload.get("text", ""))))


def _outage(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.away[str(payload.get("spec", ""))] = (event.at, str(payload.get("reason", "")))


def _back(record: Record, payload: dict[str, Any], event: Event) -> None:
    record.away.pop(str(payload.get("spec", "")), None)


def _switch(record: Record, payload: dict[str, Any], event: Event) -> None:
    """What another model does instead is not waited for."""
    record.away.pop(str(payload.get("before", "")), None)


_FOLDS: dict[str, Fold] = {
    "run.started": _started,
    "caps": _caps,
    "run.ended": _ended,
    "run.stopped": _stopped,
    "node": _node,
    "pace": _pace,
    "hypothesis": _hypothesis,
    "screened": _screened,
    "plan": _plan,
    "build": _build,
    "version": _version,
    "experiment": _experiment,
    "verdict": _verdict,
    "lesson": _lesson,
    "confirmed": _confirmed,
    "review.wanted": _wanted,
    "reviewed": _reviewed,
    "survey": _survey,
    "model": _model,
    "model.fault": _model_fault,
    "note": _note,
    "outage": _outage,
    "outage.over": _back,
    "model.switch": _switch,
}
