"""A row per hypothesis with all that a table shows, sorts and filters by. Only rows that changed are made anew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.live.board import Row, Stage, make_row
from app.record.record import Record
from app.review.growing.lanes import Lanes
from pelagos.facts.fact import find_kind
from pelagos.facts.ideas import Screened
from pelagos.facts.review import Decision, Wanted
from pelagos.nouns import Build, Claim, Effect, Hypothesis, Lesson, Verdict

WAITS, IN_WORK, DROPPED, NOT_BUILT, SUSPECT = (
    "waits for a review",
    "in work",
    "screened out",
    "did not build",
    "suspect",
)
GROUPS = (
    WAITS, "supported", "promising", "undecided", "equivalent", "refuted", "not tested", SUSPECT, IN_WORK, NOT_BUILT,
    DROPPED,
)  # fmt: skip
"""What a hypothesis came to, what a person is asked about first."""
NEWS: tuple[type[BaseModel], ...] = (Hypothesis, Screened, Build, Verdict, Claim, Lesson, Wanted, Decision)
NEWS_KINDS = frozenset(map(find_kind, NEWS))
"""Kinds of facts after which a page that shows a hypothesis is out of date."""
OPEN_STAGES = frozenset(Stage) - {Stage.JUDGED, Stage.DROPPED}


@dataclass(frozen=True, slots=True)
class HypothesisRow:
    """`number` is the place in the order of proposal, from 1; `group` one of GROUPS; `waits`: a person is asked and has
    not answered; `seconds` and `tokens` are what it cost; `words` is what a filter searches, in small letters."""

    row: Row
    number: int
    group: str
    claim: Claim | None
    seconds: float
    tokens: int
    waits: bool
    novelty: str
    lane: int | None
    round: int | None
    words: str

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def title(self) -> str:
        return self.row.title

    @property
    def effect(self) -> Effect | None:
        return self.row.effect

    @property
    def gain(self) -> float:
        return self.effect.value if self.effect else -math.inf

    @property
    def p_value(self) -> float:
        return self.effect.p_value if self.effect and self.effect.p_value is not None else math.inf

    @property
    def standing(self) -> tuple[int, float]:
        """Sorts what a person is asked about first, then the best."""
        return GROUPS.index(self.group), -self.gain


class HypothesisRows:
    """The rows of a record that grows. Call `touch` for each of its rows, then `list_rows`. `news_at` holds the number
    of the newest row of NEWS_KINDS by hypothesis, and under "" that of all."""

    def __init__(self, record: Record, lanes: Lanes) -> None:
        self._record, self._lanes = record, lanes
        self._rows: dict[str, HypothesisRow] = {}
        self._stale: set[str] = set()
        self.news_at: dict[str, int] = {}

    def touch(self, kind: str, payload: dict[str, Any], seq: int) -> None:
        """Mark the hypothesis of the ledger row `seq` as changed."""
        id = payload.get("id") if kind == "hypothesis" else payload.get("hypothesis")
        if isinstance(id, str):  # a toolchain's own row may hold anything
            self._stale.add(id)
            if kind in NEWS_KINDS:
                self.news_at[id] = self.news_at[""] = seq

    def list_rows(self) -> list[HypothesisRow]:
        self._update()
        return list(self._rows.values())

    def find_row(self, hypothesis: str) -> HypothesisRow | None:
        self._update()
        return self._rows.get(hypothesis)

    def _update(self) -> None:
        if not self._stale:
            return
        waiting = set(self._record.list_waiting())
        is_open = {id for id, row in self._rows.items() if row.row.stage in OPEN_STAGES}
        for number, id in enumerate(self._record.proposed, 1):
            if (id in self._stale or id in is_open) and id in self._record.hypotheses:
                self._rows[id] = self._make(id, number, id in waiting)
        self._stale.clear()

    def _make(self, id: str, number: int, is_waiting: bool) -> HypothesisRow:
        record, row = self._record, make_row(self._record, id)
        hypothesis, lesson = record.hypotheses[id], record.lessons.get(id)
        waits = is_waiting and not record.find_decision(id)
        words = (id, row.title, hypothesis.title, hypothesis.target, hypothesis.statement)
        return HypothesisRow(
            row=row,
            number=number,
            group=_find_group(row, waits),
            claim=record.claims.get(id),
            seconds=lesson.seconds if lesson else 0.0,
            tokens=lesson.tokens if lesson else 0,
            waits=waits,
            novelty=record.screened.get(id, Screened()).novelty,
            lane=self._lanes.lane_of.get(id),
            round=self._lanes.round_of.get(id),
            words="\n".join(words).lower(),
        )


def _find_group(row: Row, waits: bool) -> str:
    if waits:
        return WAITS
    if row.suspect:
        return SUSPECT
    if row.verdict:
        return row.state
    ends = {Stage.DROPPED: DROPPED, Stage.FAILED: NOT_BUILT}
    return ends.get(row.stage, IN_WORK)
