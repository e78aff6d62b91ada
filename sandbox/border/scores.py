"""Reads the evaluator's result: scores, or why predictions can't be scored. The sandbox that wrote it has read hostile
predictions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, TypeAdapter

from sandbox.border.reading import Invalid, Line, Reading, read

MOST_BYTES = 1_000_000


class Scores(Reading):
    """`replicates`: the metric on 200 item resamples, the same for every experiment of a split (paired by index)."""

    score: FiniteFloat
    replicates: Annotated[list[FiniteFloat], Field(max_length=10_000)]
    guards: Annotated[dict[str, FiniteFloat], Field(max_length=100)]


class Refusal(Reading):
    """`cause` is one of those that `sandbox/evaluation/scoring.py` finds; only the host can find that something was
    changed."""

    cause: Literal["missing", "malformed", "wrong_count", "wrong_shape", "nan", "evaluator_failed"]
    text: Line


_SCORES, _REFUSAL = TypeAdapter(Scores), TypeAdapter(Refusal)


def read_scores(raw: bytes) -> Scores | Refusal | Invalid:
    """Parse scores, else a refusal; Invalid where it is neither."""
    refusal = read(_REFUSAL, raw, "result.json", MOST_BYTES)
    scores = read(_SCORES, raw, "result.json", MOST_BYTES)
    return refusal if isinstance(refusal, Refusal) else scores
