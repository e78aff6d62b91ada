"""The evaluator's result: scores, or why predictions can't be scored. Its sandbox has read hostile predictions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, TypeAdapter

from sandbox.border.told import Invalid, Line, Told, read

MOST_BYTES = 1_000_000


class Result(Told):
    score: FiniteFloat
    replicates: Annotated[list[FiniteFloat], Field(max_length=10_000)]
    guards: Annotated[dict[str, FiniteFloat], Field(max_length=100)]


class Refusal(Told):
    """`cause` is one of those that `sandbox/scoring.py` finds; that something was changed is the host's to say."""

    cause: Literal["missing", "malformed", "wrong_count", "wrong_shape", "nan", "evaluator_failed"]
    text: Line


_RESULT, _REFUSAL = TypeAdapter(Result), TypeAdapter(Refusal)


def read_scores(raw: bytes) -> Result | Refusal | Invalid:
    refusal = read(_REFUSAL, raw, "result.json", MOST_BYTES)
    result = read(_RESULT, raw, "result.json", MOST_BYTES)
    return refusal if isinstance(refusal, Refusal) else result
