"""What a toolchain hands to the judge: how a version compares with another one on one split."""

from __future__ import annotations

from typing import NamedTuple

from pelagos.nouns import Effect


class Evidence(NamedTuple):
    """`effect` is None where nothing could be compared; `tested` says whether its p-value means anything.

    `constant`: more seeds tell nothing. `failed` are the seeds without a score, `harms` one line per thing that got
    worse, `suspect` the findings against the result. `amount` says in words how much the evidence rests on.
    """

    effect: Effect | None
    seeds: int
    confidence: float
    constant: bool = False
    failed: tuple[int, ...] = ()
    harms: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    tested: bool = False
    amount: str = ""
