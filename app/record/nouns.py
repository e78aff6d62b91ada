"""The nouns of one kind by id. A noun is made from its payload when it is first read, because a view shows a few of
thousands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from pydantic import ValidationError

from app.record.event import Event
from pelagos.facts.reader import describe_unreadable, read_strictly
from pelagos.nouns import Noun

N = TypeVar("N", bound=Noun)


class Nouns(Mapping[str, N], Generic[N]):
    """`key` names the payload field that holds the id. The newest payload of an id counts, at the position of the
    first. Reading a noun raises BadInput where another version of Pelagos wrote a payload that this one can't read."""

    def __init__(self, ledger: str, key: str = "id") -> None:
        self._ledger, self._key = ledger, key
        self._rows: dict[str, Event] = {}
        self._nouns: dict[str, N] = {}
        self._seqs: dict[str | None, dict[str, int]] = {}  # hypothesis -> id -> number of its first row

    def add(self, event: Event) -> str:
        """Add the noun of a row and return its id. Raises KeyError for a payload without an id."""
        id = str(event.payload[self._key])
        self._rows[id] = event
        self._nouns.pop(id, None)
        self._seqs.setdefault(event.payload.get("hypothesis"), {}).setdefault(id, event.seq)
        return id

    def replace(self, id: str, noun: N) -> None:
        """Replace the noun of an id."""
        self._nouns[id] = noun

    def list_of(self, hypothesis: str | None) -> list[N]:
        """Return the nouns of one hypothesis, or of the baseline (None), in the order of recording."""
        seqs = self._seqs.get(hypothesis, {})
        return [self[id] for id in sorted(seqs, key=lambda id: seqs[id])]

    def stamp_of(self, id: str) -> float:
        """Return when the newest noun of an id was recorded, in Unix seconds."""
        return self._rows[id].at

    def has_any(self, hypothesis: str | None) -> bool:
        """Tell whether the hypothesis has any noun of this kind."""
        return hypothesis in self._seqs

    def __getitem__(self, id: str) -> N:
        if id not in self._nouns:
            self._nouns[id] = self._read(self._rows[id])
        return self._nouns[id]

    def __contains__(self, id: object) -> bool:
        return id in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _read(self, event: Event) -> N:
        try:
            noun: N = read_strictly(event)
        except ValidationError as error:
            raise describe_unreadable(self._ledger, event.seq, event.kind, error) from None
        return noun
