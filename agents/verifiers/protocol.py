"""Contract 8: anything that scores the steps of a plan or a piece of reasoning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class StepScores(NamedTuple):
    """One probability per step, raw; tokens and seconds spent on them."""

    scores: list[float]
    tokens: int
    seconds: float


class Verifier(Protocol):
    @property
    def name(self) -> str: ...

    def score(self, problem: str, steps: Sequence[str]) -> StepScores: ...
