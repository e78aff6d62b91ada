"""Which model of the catalog is right for this machine: the largest that fits and is fast enough to work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.models.catalog import DEFAULT, Entry, entries, entry
from agents.models.choice.rate import Rate, rate
from agents.models.choice.room import best_card, card_room, needed
from agents.models.locate import present
from pelagos.settings import Models
from sandbox.gpus import Card
from sandbox.machine import available_memory

SLOWEST = 5.0  # tokens a second; below it a program of 600 tokens takes longer than two minutes


@dataclass(frozen=True)
class Fit:
    """How a model stands to this machine. `need` and `room` are bytes of memory, or of the best card where it is one
    for cards; `tokens_s` is about how fast it writes, None on a card, whose memory's speed nothing tells."""

    item: Entry
    need: int
    room: int
    tokens_s: float | None

    @property
    def fits(self) -> bool:
        return self.need <= self.room

    @property
    def right(self) -> bool:
        """It fits, and is fast enough to work with."""
        return self.fits and (self.tokens_s is None or self.tokens_s >= SLOWEST)


@dataclass(frozen=True)
class Outlook:
    """All models of the catalog on this machine. `memory` is what is free of it, in bytes."""

    fits: tuple[Fit, ...]
    memory: int
    card: Card | None
    rate: Rate

    @property
    def recommended(self) -> Fit | None:
        """The largest right one for the card, else for memory; None where not even the default is."""
        able = [fit for fit in self.fits if fit.right and fit.item.size >= entry(DEFAULT).size]
        return max(able, key=lambda fit: (fit.item.engine == "vllm", fit.item.size), default=None)


def outlook(project: Path, settings: Models) -> Outlook:
    """Looks at memory, at the cards and at what was measured."""
    return _reckoned(settings, available_memory(), best_card(), rate(project))


def better(project: Path, settings: Models) -> Fit | None:
    """What is right here and larger than the default; None where nothing is. Measures only where something fits."""
    memory, card = available_memory(), best_card()
    larger = [item for item in entries() if item.size > entry(DEFAULT).size]
    if not any(needed(item, settings) <= _room(item, memory, card) for item in larger):
        return None
    found = _reckoned(settings, memory, card, rate(project)).recommended
    return found if found is not None and found.item.name != DEFAULT else None


def command(item: Entry) -> str:
    """What to type so that runs use it."""
    if item.engine == "vllm":
        return f"pelagos models serve --engine vllm --model {item.name}"
    if present(item.name) is None:
        return f"pelagos models get {item.name}"
    return f"pelagos run TASK --model default=embedded:{item.name}"


def _reckoned(settings: Models, memory: int, card: Card | None, rate: Rate) -> Outlook:
    fits = (
        Fit(
            item, needed(item, settings), _room(item, memory, card),
            rate.tokens_s(item) if item.engine == "llama" else None,
        )
        for item in entries()
    )  # fmt: skip
    return Outlook(tuple(fits), memory, card, rate)


def _room(item: Entry, memory: int, card: Card | None) -> int:
    if item.engine == "llama":
        return memory
    return card_room(card) if card else 0
