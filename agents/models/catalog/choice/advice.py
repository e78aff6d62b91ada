"""Recommends a model of the catalog for this machine: the largest that fits and is fast enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.models.catalog.catalog import DEFAULT, Entry, find_entry, list_entries
from agents.models.catalog.choice.rate import Rate, estimate_rate
from agents.models.catalog.choice.room import best_card, card_room, needed_bytes
from agents.models.catalog.locate import find_local
from pelagos.settings import Models
from sandbox.gpu.gpus import Gpu
from sandbox.host.machine import available_memory

MIN_TOKENS_S = 5.0  # tokens per second; below it a program of 600 tokens takes longer than two minutes


@dataclass(frozen=True)
class Fit:
    """How well a model fits this machine. `need` and `room` are bytes of memory, or of the best card's memory for a
    model for cards. `tokens_s` is the estimated writing speed, None on a card, whose memory speed isn't known."""

    item: Entry
    need: int
    room: int
    tokens_s: float | None

    @property
    def fits(self) -> bool:
        return self.need <= self.room

    @property
    def right(self) -> bool:
        """Whether it fits and is fast enough to work with."""
        return self.fits and (self.tokens_s is None or self.tokens_s >= MIN_TOKENS_S)


@dataclass(frozen=True)
class Outlook:
    """All models of the catalog, compared with this machine. `memory` is the free memory in bytes."""

    fits: tuple[Fit, ...]
    memory: int
    card: Gpu | None
    rate: Rate

    @property
    def recommended(self) -> Fit | None:
        """The largest suitable model for the card, else for memory; None if not even the default is suitable."""
        able = [fit for fit in self.fits if fit.right and fit.item.size >= find_entry(DEFAULT).size]
        return max(able, key=lambda fit: (fit.item.engine == "vllm", fit.item.size), default=None)


def survey_models(project: Path, settings: Models) -> Outlook:
    """Compare all models with this machine's memory, cards and measured speed."""
    return _outlook(settings, available_memory(), best_card(), estimate_rate(project))


def find_better(project: Path, settings: Models) -> Fit | None:
    """Return a suitable model that is larger than the default, None if there is none. Measures the speed only if
    something fits."""
    memory, card = available_memory(), best_card()
    larger = [item for item in list_entries() if item.size > find_entry(DEFAULT).size]
    if not any(needed_bytes(item, settings) <= _room(item, memory, card) for item in larger):
        return None
    recommended = _outlook(settings, memory, card, estimate_rate(project)).recommended
    return recommended if recommended is not None and recommended.item.name != DEFAULT else None


def usage_command(item: Entry) -> str:
    """Return the command to type so that runs use the model."""
    if item.engine == "vllm":
        return f"pelagos models serve --engine vllm --model {item.name}"
    if find_local(item.name) is None:
        return f"pelagos models get {item.name}"
    return f"pelagos run TASK --model default=embedded:{item.name}"


def _outlook(settings: Models, memory: int, card: Gpu | None, rate: Rate) -> Outlook:
    fits = (
        Fit(
            item, needed_bytes(item, settings), _room(item, memory, card),
            rate.tokens_s(item) if item.engine == "llama" else None,
        )
        for item in list_entries()
    )  # fmt: skip
    return Outlook(tuple(fits), memory, card, rate)


def _room(item: Entry, memory: int, card: Gpu | None) -> int:
    if item.engine == "llama":
        return memory
    return card_room(card) if card else 0
