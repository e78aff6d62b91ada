"""The audit log of a run: everything that people wrote into its ledger, in order, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from app.record.event import Event
from app.record.folders import LEDGER
from memory.ledger.ledger import Ledger, Reader
from pelagos.facts.drive import Given
from pelagos.facts.fact import find_kind
from pelagos.facts.reader import read_row
from pelagos.facts.review import (
    PERSONAL,
    Control,
    Decision,
    MoreGiven,
    MoreWanted,
    Proposed,
    Reviewed,
    Steer,
    Taken,
)
from pelagos.nouns import Fidelity, Hypothesis

PERSON = "a person"
FIDELITY = find_kind(Fidelity)
KINDS = (*(fact.KIND for fact in PERSONAL), Given.KIND, FIDELITY)


class Entry(NamedTuple):
    """`seq` is the row's number, `at` its time (Unix seconds), `by` the name that was given. `saw` identifies what the
    person was shown, "" where nothing was recorded. `result` is what the run has made of it, "" if nothing yet."""

    seq: int
    at: float
    by: str
    what: str
    hypothesis: str = ""
    text: str = ""
    saw: str = ""
    result: str = ""

    @property
    def stamp(self) -> str:
        """The time as ISO text in this machine's zone."""
        return datetime.fromtimestamp(self.at).astimezone().isoformat(" ", "seconds")


def list_entries(folder: Path) -> list[Entry]:
    """Return what people wrote into the run's ledger. Raises DamagedRun, and BadInput for rows of another version."""
    with closing(Ledger.read(folder / LEDGER)) as ledger:
        return list(_make_entries(ledger))


def _make_entries(ledger: Reader) -> Iterator[Entry]:
    reviewed = {fact.by: fact for fact in ledger.facts(Reviewed).values() if fact.by}
    given, made = ledger.facts(MoreGiven), _list_made(ledger)
    for event in ledger.events(kinds=KINDS):
        result = ""
        if event.key in reviewed:
            result = f"acted on: {reviewed[event.key].decision}"
        elif event.kind == MoreWanted.KIND and event.key in given:
            result = given[event.key].reason
        elif event.kind == Proposed.KIND and event.key in made:
            result = f"became {made[event.key]}"
        entry = _describe(event)
        if entry is not None:
            yield entry._replace(result=result)


def _list_made(ledger: Reader) -> dict[str, str]:
    """Return key of a proposal -> the hypothesis that it became."""
    return {
        taken.request: taken.hypothesis
        for taken in ledger.facts(Taken).values()
        if ledger.fact(Hypothesis, taken.hypothesis) is not None
    }


def _describe(event: Event) -> Entry | None:
    """Return the entry of a row, None for a row that no person wrote."""
    if event.kind == FIDELITY and event.payload.get("by") != PERSON:
        return None
    base = Entry(event.seq, event.at, "", "")
    match read_row(event):
        case Decision() as fact:
            return base._replace(
                by=fact.by, what=fact.decision, hypothesis=fact.hypothesis, text=fact.note, saw=fact.seen
            )
        case MoreWanted() as fact:
            return base._replace(by=fact.by, what="more evidence", hypothesis=fact.hypothesis, saw=fact.seen)
        case Proposed() as fact:
            return base._replace(by=fact.by, what="proposal", text=f"{fact.title} ({fact.target}): {fact.statement}")
        case Steer() as fact:
            return base._replace(by=fact.by, what="wish" if fact.text else "wish taken back", text=fact.text)
        case Control() as fact:
            return base._replace(by=fact.by, what="go on" if fact.word == "continue" else fact.word)
        case Given() as fact:
            values = (f"{name} = {value}" for part in fact.sections.values() for name, value in part.items())
            return base._replace(what="new caps", text=", ".join(values))
        case Fidelity() as fact:
            return base._replace(what=f"fidelity: {fact.answer}", hypothesis=fact.hypothesis, saw=fact.id)
    return None
