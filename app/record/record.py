"""The record of a run: the events of its ledger folded into nouns and counts. It reads no file and decides nothing.

Live view, plain lines, status and report all read a record, so they agree. Rows of unknown kinds are skipped: a
toolchain may record kinds that no view shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agents.fidelity.judged_version import find_judged_version
from agents.fidelity.titles import choose_title, counts_for_hypothesis
from agents.review.decisions import hash_state
from app.record.event import Event
from app.record.folding import FOLDS, NOUN_FOLDS, add_sums
from app.record.nouns import Nouns
from memory.ledger.condensed import SUMS
from memory.ledger.run_clock import CLOCK, PAUSE, RunClock, is_launch
from pelagos.facts.calls import ModelFault
from pelagos.facts.drive import Ending, Estimate, Started, Stopped
from pelagos.facts.external import ToolCall, ToolReading
from pelagos.facts.fact import INTENT, Cost
from pelagos.facts.ideas import Screened
from pelagos.facts.reader import read, read_cost, read_row
from pelagos.facts.review import PERSONAL, Control, Decision, MoreWanted, Offered, Proposed, Reviewed, Steer, Taken
from pelagos.facts.work import Failed, Intent
from pelagos.nouns import (
    Build,
    Claim,
    Experiment,
    Fidelity,
    Hypothesis,
    Lesson,
    Metric,
    Plan,
    RankedPaper,
    Signature,
    Verdict,
    Version,
)

PERSONAL_KINDS = frozenset(fact.KIND for fact in PERSONAL)


@dataclass
class Spent:
    """The cost of all finished steps. `unpriced` counts calls of unknown price, which `usd` leaves out."""

    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    experiments: int = 0
    disk_mb: float = 0.0
    seconds: float = 0.0

    def add(self, cost: Cost) -> None:
        self.tokens += int(cost.tokens)
        self.experiments += int(cost.experiments)
        self.disk_mb += cost.disk_mb
        self.usd += cost.usd or 0.0
        self.unpriced += cost.usd is None


@dataclass
class Record:
    """All facts of a run, with the newest verdict, claim and lesson per hypothesis.

    Fold the events in their order: all of them, or those of `memory/ledger/condensed.py`, which leave out the nouns of
    most hypotheses. `add_detail` then adds the nouns of the hypotheses that are shown.

    `ledger` names the file in the message about a row that can't be read. `stopped` holds the status (stopped or
    crashed) and the reason of a drive that ended without an ending. `current_hypothesis` is '' where none is in
    progress. `pace` is the newest estimate of the time per hypothesis, with the seconds that the run had worked by
    then; `last_verdict_s` are the seconds worked at the newest verdict. `proposed` are the ids of all hypotheses,
    `executed` of those with a score on the validation split. `isolations` counts experiments by what isolated them,
    `failures` failed tries and experiments by cause, `calls` model calls by model and role, `coder_calls` the coder's
    replies by hypothesis. `review_requests` maps a hypothesis to the hash that a reviewer decides on, `decisions` a
    hash to the decision, and `reviews` a hash to the decision on which the run has acted. `paused`: the run waits for a
    reviewer. `decision_keys` maps a hash to the key of its newest decision. `control` is the newest word of a person on
    whether the run goes on, `steer` the newest wish; `offered` says what a hypothesis may name. `proposals` and
    `more_wanted` map keys to what people asked for, `taken` a key to the lane's fact, `more_given` a key to the result.
    `outages` maps a model that does not answer to the time (Unix seconds) and the reason. `last_event` is the
    time, kind and key of the newest row.
    """

    ledger: str = ""
    started: Started = field(default_factory=Started)
    ended: Ending | None = None
    stopped: Stopped | None = None
    current_node: str = ""
    current_hypothesis: str = ""
    node_by_hypothesis: dict[str, str] = field(default_factory=dict)
    pace: tuple[float, Estimate] | None = None
    last_verdict_s: float = 0.0
    proposed: dict[str, None] = field(default_factory=dict)
    screened: dict[str, Screened] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    executed: set[str] = field(default_factory=set)
    isolations: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    seal_touches: int = 0
    review_requests: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    reviews: dict[str, Reviewed] = field(default_factory=dict)
    paused: bool = False
    decision_keys: dict[str, str] = field(default_factory=dict)
    control: Control | None = None
    steer: Steer | None = None
    offered: Offered | None = None
    proposals: dict[str, Proposed] = field(default_factory=dict)
    more_wanted: dict[str, MoreWanted] = field(default_factory=dict)
    more_given: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)
    tool_calls: dict[str, ToolCall] = field(default_factory=dict)
    tool_readings: dict[str, str] = field(default_factory=dict)
    survey: list[RankedPaper] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls_name_hypotheses: bool = False
    coder_calls: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[float, ModelFault]] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    pending: dict[tuple[str, str], Intent] = field(default_factory=dict)
    outages: dict[str, tuple[float, str]] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    clock: RunClock = field(default_factory=RunClock)
    first_at: float = 0.0
    last_at: float = 0.0
    last_event: tuple[float, str, str] = (0.0, "", "")

    def __post_init__(self) -> None:
        self.hypotheses = Nouns[Hypothesis](self.ledger)
        self.plans = Nouns[Plan](self.ledger)
        self.builds = Nouns[Build](self.ledger)
        self.versions = Nouns[Version](self.ledger)
        self.experiments = Nouns[Experiment](self.ledger)
        self.signatures = Nouns[Signature](self.ledger)
        self.fidelities = Nouns[Fidelity](self.ledger)
        self.verdicts = Nouns[Verdict](self.ledger, "hypothesis")
        self.claims = Nouns[Claim](self.ledger, "hypothesis")
        self.lessons = Nouns[Lesson](self.ledger, "hypothesis")
        self._nouns: dict[str, Nouns[Any]] = {
            "hypothesis": self.hypotheses, "plan": self.plans, "build": self.builds, "version": self.versions,
            "experiment": self.experiments, "verdict": self.verdicts, "lesson": self.lessons,
            "signature": self.signatures, "fidelity": self.fidelities, "claim": self.claims,
            "confirmed": self.claims,
        }  # fmt: skip

    def read_nouns(self) -> None:
        """Raises BadInput where another version of Pelagos wrote a noun that this one can't read."""
        for nouns in self._nouns.values():
            for _ in nouns.values():
                pass

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> Record:
        record = cls()
        for event in events:
            record.fold(event)
        return record

    def add_detail(self, event: Event) -> None:
        """Add a noun of a hypothesis of which only sums were folded."""
        if event.kind == Screened.KIND:
            screened = read(Screened, event.payload)
            self.screened[screened.hypothesis] = screened
        elif event.kind == ToolCall.KIND:
            self.tool_calls[event.key] = read(ToolCall, event.payload)
        elif event.kind == ToolReading.KIND:
            self.tool_readings[event.key] = read(ToolReading, event.payload).text
        else:
            self._nouns[event.kind].add(event)

    def fold(self, event: Event) -> None:
        if event.kind == SUMS:
            add_sums(self, event.payload)
            return
        if event.kind not in PERSONAL_KINDS:
            self._fold_clock(event)
        if event.kind.endswith(INTENT):
            self._fold_intent(event)
            return
        self.pending.pop((event.kind, event.key), None)
        cost = read_cost(event.payload)
        if cost is not None:
            self.spent.add(cost)
        if event.kind in self._nouns:
            self._fold_noun(event)
        elif event.kind in FOLDS:
            FOLDS[event.kind](self, read_row(event), event)

    def _fold_noun(self, event: Event) -> None:
        id = self._nouns[event.kind].add(event)
        if event.kind in NOUN_FOLDS:
            NOUN_FOLDS[event.kind](self, id)

    def _fold_intent(self, event: Event) -> None:
        kind = event.kind.removesuffix(INTENT)
        if kind in (CLOCK, PAUSE):
            self.paused = kind == PAUSE
        elif kind == Failed.KIND:
            self.pending.pop((read(Failed, event.payload).of, event.key), None)
        else:
            self.pending[kind, event.key] = read_row(event)

    @property
    def metric(self) -> Metric | None:
        return self.started.metric

    @property
    def task(self) -> str:
        return self.started.task

    @property
    def settings(self) -> dict[str, Any]:
        return self.started.settings

    def list_tool_calls(self, hypothesis: str) -> list[ToolCall]:
        """Return the calls of tools from outside that were made for the hypothesis."""
        return [call for call in self.tool_calls.values() if call.hypothesis == hypothesis]

    def find_version(self, hypothesis: str) -> str | None:
        """Return the version that the hypothesis' verdict is about, else the newest version that was built."""
        return find_judged_version(self.verdicts.get(hypothesis), self.builds.list_of(hypothesis), self.experiments.get)

    def find_fidelity(self, hypothesis: str) -> Fidelity | None:
        return self.fidelities.get(self.find_version(hypothesis) or "")

    def find_title(self, hypothesis: str) -> str:
        """Return the title to report: the hypothesis' own, or a description of what was done instead."""
        return choose_title(self.hypotheses[hypothesis], self.find_fidelity(hypothesis))

    def is_tested(self, hypothesis: str) -> bool:
        """Tell whether the built version tests the hypothesis."""
        return counts_for_hypothesis(self.find_fidelity(hypothesis))

    def list_waiting(self) -> list[str]:
        """Return the hypotheses that wait for a reviewer, or on whose decision the run has not acted, sorted by
        number."""
        waiting = [
            id
            for id, request in self.review_requests.items()
            if request not in self.reviews and id not in self.verdicts
        ]
        return sorted(waiting, key=lambda id: (len(id), id))  # h2 before h10

    def find_decision(self, hypothesis: str) -> str:
        """Return the decision on a hypothesis that waits for a review, '' where there is none so far."""
        request = self.review_requests[hypothesis]
        return self.decisions[request].decision if request in self.decisions else ""

    def find_open_state(self, hypothesis: str) -> str:
        """Return the hash of what a reviewer may decide on now, '' where nothing is to be decided."""
        reviews = [review.decision for review in self.reviews.values() if review.hypothesis == hypothesis]
        closed = reviews[-1:] not in ([], ["revise"]) or hypothesis in self.verdicts or self.builds.has_any(hypothesis)
        if closed or hypothesis not in self.kept or (self.settings.get("loop") or {}).get("review", "off") == "off":
            return ""
        return hash_state(self.hypotheses[hypothesis], reviews.count("revise"))

    def list_open_proposals(self) -> dict[str, Proposed]:
        """Return key -> proposal of those that no lane has made a hypothesis of."""
        made = {taken.request for taken in self.taken.values() if taken.hypothesis in self.proposed}
        return {key: proposal for key, proposal in self.proposals.items() if key not in made}

    def list_unknown_versions(self) -> set[str]:
        """Return the versions of intended steps that are not in `versions`."""
        return {intent.version for intent in self.pending.values() if intent.version} - set(self.versions)

    def find_owner(self, intent: Intent) -> str:
        """Return the hypothesis of an intended step, '' for a step of the baseline or of the run itself."""
        version = self.versions.get(intent.version or "")
        return intent.hypothesis or (version.hypothesis if version else "") or ""

    def compute_elapsed(self, now: float | None = None) -> float:
        """Return the seconds that the run has worked, until `now` (Unix seconds) where it is in progress."""
        in_progress = now is not None and self.ended is None and self.last_at > 0 and not self.paused
        return self.spent.seconds + (max(0.0, now - self.last_at) if in_progress and now is not None else 0.0)

    def _fold_clock(self, event: Event) -> None:
        """Add the time since the previous row. The pause before a resume does not count."""
        if is_launch(event):
            self.ended = self.stopped = None
            self.pending.clear()
            self.outages.clear()
        if self.ended is not None:
            self.clock.stop()
        self.clock.fold(event)
        self.spent.seconds = self.clock.seconds
        self.first_at = self.first_at or event.at
        self.last_at = event.at
        self.last_event = (event.at, event.kind, event.key)


WHOLE_KINDS = (
    "run.started", "caps", "run.ended", "run.stopped", "verdict", "claim", "confirmed", "review.wanted",
    "reviewed", "decision", "survey", "model.fault", "outage", "outage.over", "model.switch", "run.control", "targets",
    "proposal", "taken", "steer", "evidence.wanted", "evidence.given",
)  # fmt: skip
"""Kinds of which a condensed ledger reads every row."""
