"""The protocol of a ledger row that views read."""

from __future__ import annotations

from typing import Protocol

from pelagos.facts.reader import Row


class Event(Row, Protocol):
    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> float: ...
