"""Defines facts: records that a row of the ledger holds under its kind. Nouns are facts as well, under their own
names."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

INTENT = ".intent"
"""The suffix of the kind of a row that says what is about to happen."""


class Fact(BaseModel):
    """A record that is no noun. Fields that another version gave it are ignored; all have a default, since an
    earlier version may not have had them."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    KIND: ClassVar[str]


class Cost(NamedTuple):
    """What a step costs. `usd` is None where the price is unknown. An earlier version stored it as a list."""

    tokens: int = 0
    usd: float | None = 0.0
    experiments: int = 0
    disk_mb: float = 0.0

    def __add__(self, other: object) -> Cost:
        """Sum by field; an unknown price makes the sum unknown."""
        if not isinstance(other, Cost):
            return NotImplemented
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Cost(self.tokens + other.tokens, usd, self.experiments + other.experiments, self.disk_mb + other.disk_mb)


def find_kind(record: type[BaseModel]) -> str:
    """Return the kind of the rows that hold this record."""
    return str(getattr(record, "KIND", record.__name__.lower()))


def dump_payload(record: BaseModel) -> dict[str, Any]:
    """Return the payload of a row: all fields of a noun, and of another record those that its writer set."""
    return record.model_dump(mode="json", by_alias=True, exclude_unset=isinstance(record, Fact))
