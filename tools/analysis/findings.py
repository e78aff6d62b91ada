"""Findings: what an analysis of the discovery samples showed, and what would have to hold on other samples."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tools.analysis.execution.analysis import Row

Call = dict[str, Any]
"""`{"tool": name, "arguments": {...}}`."""
Trend = Literal["up", "down"]
Role = Literal["primary", "unadjusted", "other tool", "batch", "without strongest", "path"]


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subset(Record):
    """A part of a data set: the samples with `level` in `column`, and all features but `without`. For a null control
    the values of the feature `shuffled` are permuted, by `seed`, within the levels of the column `within`."""

    column: str = ""
    level: str = ""
    without: str = ""
    shuffled: str = ""
    within: str = ""
    seed: int = 0

    @property
    def whole(self) -> bool:
        return not (self.column or self.without or self.shuffled)


class Implication(Record):
    """One test of a finding: `call`, after the `preparation`, should show `entity` in `direction`. A required one that
    fails refutes the finding, a further one weakens it."""

    text: str
    call: Call
    entity: str
    direction: Trend
    required: bool
    role: Role = "primary"
    preparation: list[Call] = []
    subset: Subset = Subset()

    @property
    def calls(self) -> list[Call]:
        return [*self.preparation, self.call]


class Finding(Record):
    """One row of a statistics table of the discovery samples, said in words. `entities` are the row's own entity and,
    for a set or module, its members. `artifacts` hold the table; `caveats` are said with the statement."""

    id: str
    objective: str
    relation: str
    entities: list[str]
    direction: Trend
    context: str
    title: str
    statement: str
    calls: list[Call]
    row: Row
    artifacts: list[str]
    caveats: list[str] = []
    implications: list[Implication] = []

    @property
    def entity(self) -> str:
        return self.row.entity


def subject_of(finding: Finding) -> str:
    """Return the metadata column or feature that the finding's objective is about."""
    left, _, right = finding.objective.partition(" ~ ")
    return left if right == "features" else right


def sign_of(direction: Trend) -> int:
    return 1 if direction == "up" else -1


def one_sided(row: Row, direction: Trend) -> float:
    """Return the one-sided p-value of the stated direction; 1 where the row has no p-value."""
    if row.p is None or row.r is None:
        return 1.0
    return row.p / 2 if row.r * sign_of(direction) > 0 else 1 - row.p / 2


def e_value(p: float) -> float:
    """Return POPPER's e-value of a p-value: 0.5 * p ** -0.5, the calibrator with k = 0.5."""
    return float(0.5 * max(p, 1e-300) ** -0.5)
