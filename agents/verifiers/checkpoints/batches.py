"""Scores encoded solutions in batches of like length, and counts what each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from agents.verifiers.protocol import StepScores, Usage


class Tokens(Protocol):
    @property
    def ids(self) -> list[int]: ...


T = TypeVar("T", bound=Tokens)


def score_in_batches(
    encoded: Sequence[T],
    size: int,
    flops_per_token: float,
    passes: int,
    score: Callable[[Sequence[T]], list[StepScores]],
) -> list[StepScores]:
    """Return the scores in order, each with its share of tokens, FLOPs and seconds; what has no token isn't read.

    `score` takes a batch and returns scores without usage. `passes` models read each token, which takes
    `flops_per_token` of all of them together.
    """
    results = [StepScores([]) for _ in encoded]
    order = sorted((place for place, each in enumerate(encoded) if each.ids), key=lambda place: len(encoded[place].ids))
    for first in range(0, len(order), size):
        places = order[first : first + size]
        start = time.monotonic()
        scored = score([encoded[place] for place in places])
        per_token = (time.monotonic() - start) / sum(len(encoded[place].ids) for place in places)
        for place, result in zip(places, scored, strict=True):
            tokens = len(encoded[place].ids)
            read, seconds = passes * tokens, per_token * tokens
            usage = Usage(read=read, flops=flops_per_token * tokens, seconds=seconds, unrecorded=read)
            results[place] = result._replace(usage=usage)
    return results
