"""Reads the mapping from gold hypotheses to typed calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pelagos.errors import BadInput

MAPPING = Path(__file__).parent / "mapping.jsonl"
Reason = Literal[
    "constant", "missing", "shape", "subgroup", "interaction", "levels", "ranking", "absence", "tables", "unclear",
]  # fmt: skip
Direction = Literal["up", "down", "either"]


class Implication(BaseModel):
    """One typed call, the row of its table that is read, and the direction in which the effect must lie."""

    model_config = ConfigDict(extra="forbid")
    tool: str
    arguments: dict[str, Any]
    entity: str
    direction: Direction


class Gold(BaseModel):
    """One gold hypothesis: the folder of its data set, the metadata file and the query in it. `outcome` is the column
    that is permuted for the error. Without implications, `reason` and `columns` say why it can't be expressed."""

    model_config = ConfigDict(extra="forbid")
    data: str
    metadata: str
    query: int
    outcome: str = ""
    implications: list[Implication] = []
    reason: Reason | None = None
    columns: list[str] = []

    @property
    def id(self) -> str:
        return f"{self.data} {self.metadata} {self.query}"

    @model_validator(mode="after")
    def _has_one_of_both(self) -> Gold:
        if bool(self.implications) == bool(self.reason):
            raise ValueError("either implications or a reason, and not both")
        for each in self.implications:
            if self.outcome not in (each.entity, *map(str, each.arguments.values())):
                raise ValueError(f"the call of {each.tool} doesn't use the outcome '{self.outcome}'")
        return self


def read_mapping(path: Path = MAPPING) -> list[Gold]:
    """Return the gold hypotheses in the file's order. Raises BadInput, a line per fault."""
    golds: list[Gold] = []
    faults: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            golds.append(Gold.model_validate(json.loads(line)))
        except (ValidationError, ValueError) as error:
            message = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            faults.append(f"{path.name}, line {number}: {message}")
    ids = [gold.id for gold in golds]
    faults += [f"{path.name}: {id} stands there twice" for id in sorted({id for id in ids if ids.count(id) > 1})]
    if faults:
        raise BadInput(*faults)
    return golds


def expressed(golds: Sequence[Gold]) -> list[Gold]:
    return [gold for gold in golds if gold.implications]
