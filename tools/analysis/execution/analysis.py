"""The types of an analysis: calls in, statistics rows, figures and provenance out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from pelagos.nouns import OutcomeKind
from sandbox.border.analysis import Row

__all__ = ["Analysis", "Call", "Permutation", "Row"]


class Call(TypedDict):
    """One tool call of a workflow."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Permutation:
    """A null control: the labels of `column` are permuted before the first call, within the levels of `within`.
    `together` are columns permuted in the same order (the event of a survival time). Missing labels stay missing.
    `units` is the column of what carries a label: where all samples of a subject have one, subjects are permuted."""

    column: str
    within: str | None = None
    seed: int = 0
    together: Sequence[str] = ()
    units: str | None = None


@dataclass(frozen=True)
class Analysis:
    """What a sequence of calls left. `outcome` is INVALID where a tool refused the data: `cause` is its line. `tables`
    and `figures` (PNG) are by the index of the call; `data` are the bytes of a .h5ad file, if asked for."""

    outcome: OutcomeKind
    cause: str = ""
    failed_call: int | None = None
    tables: Mapping[int, Sequence[Row]] = field(default_factory=dict)
    figures: Mapping[int, bytes] = field(default_factory=dict)
    provenance: Sequence[str] = ()
    states: Sequence[str] = ()
    summary: Mapping[str, float] = field(default_factory=dict)
    log: str = ""
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    data: bytes = b""

    @property
    def ok(self) -> bool:
        return self.outcome is OutcomeKind.OK
