"""The border: everything that a program in a sandbox wrote and the host reads is read in this folder, once.

One file per thing: arrays, the hook's report, results of checks, scores, the ending a supervisor tells. Each reader
takes bytes and gives a value of a strict type or `Invalid` with a reason, and raises nothing, whatever the bytes are.
Which files come home at all is `sandbox/collect.py`'s to decide, what a log may hold `sandbox/log.py`'s.
Behind the border types are trusted: numbers are finite, counts bounded, texts clean, cut and fit for any file.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pelagos.visible import one_line, visible

REASON = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Invalid:
    """Bytes that can't be taken. `reason` is one clean line that says what is wrong with what."""

    reason: str


class Told(BaseModel):
    """What a sandboxed program says; fields that nobody reads are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


Name = Annotated[str, AfterValidator(partial(one_line, most=300))]
Line = Annotated[str, AfterValidator(partial(one_line, most=400))]
Text = Annotated[str, AfterValidator(lambda text: visible(text[:16_000])[:2_000])]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


def read(adapter: TypeAdapter[T], raw: bytes, what: str, most: int) -> T | Invalid:
    """JSON of the adapter's type. `what` names it in the reason, `most` is the largest size in bytes."""
    if len(raw) > most:
        return Invalid(f"{what}: {len(raw)} bytes, more than {most}")
    try:
        said = json.loads(raw.decode("utf-8", "replace"), parse_constant=_refused, parse_float=_finite)
        return adapter.validate_python(said, strict=True)
    except ValidationError as error:
        first: Any = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"][:8])
        return Invalid(one_line(f"{what}: {place or 'the whole'}: {first['msg']}", REASON))
    except RecursionError:
        return Invalid(f"{what}: nested too deep")
    except ValueError as error:
        return Invalid(one_line(f"{what}: not JSON: {error}", REASON))


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return value


def _refused(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is not finite")
