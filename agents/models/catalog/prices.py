"""Looks up what tokens cost. A model that isn't in the table has an unknown price, which differs from a price of
zero."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pelagos.errors import BadInput
from pelagos.textfile import read_text

SHIPPED = Path(__file__).with_name("prices.toml")


class Price(NamedTuple):
    """USD per million tokens."""

    input: float
    output: float

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        """Return the USD of one call."""
        return (tokens_in * self.input + tokens_out * self.output) / 1e6


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    input: float = Field(ge=0)
    output: float = Field(ge=0)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    price: list[_Row] = []


class Prices:
    """A price table. The first matching row holds; the user's rows come before the shipped ones."""

    def __init__(self, rows: list[_Row]) -> None:
        self._rows = rows

    @classmethod
    def load(cls, user: Path | None = None) -> Prices:
        """Load the shipped prices and the user's. Raises BadInput with one line per fault in the user's table."""
        return cls([*(_read(user) if user else []), *_read(SHIPPED)])

    def price(self, spec: str) -> Price | None:
        """Return the price of `spec`, None if the table has none."""
        row = next((row for row in self._rows if fnmatchcase(spec, row.model)), None)
        return Price(row.input, row.output) if row else None


def _read(path: Path) -> list[_Row]:
    try:
        return _Table.model_validate(tomllib.loads(read_text(path))).price
    except BadInput as error:
        raise BadInput(f"{path}: price table: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: price table is not TOML: {error}") from None
    except ValidationError as error:
        faults = ((".".join(map(str, item["loc"])), item["msg"]) for item in error.errors())
        raise BadInput(*(f"{path}: {where}: {what}" for where, what in faults)) from None
