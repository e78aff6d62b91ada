"""The border: everything that a program in a sandbox wrote and the host reads is parsed in this folder, once.

There is one file per kind: arrays, the hook's report, scores, the end that a supervisor reports. Each reader takes
bytes and returns a value of a strict type, or `Invalid` with a reason; it raises nothing, whatever the bytes are.
`sandbox/collect.py` decides which files are copied out, `sandbox/log.py` what a log may contain. Code behind the
border trusts the types: numbers are finite, counts bounded, texts clean, cut and valid in any file.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pelagos.visible import make_one_line, make_visible

REASON_CHARS = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Invalid:
    """Bytes that were refused. `reason` is one clean line that says what is wrong with what."""

    reason: str


class Reading(BaseModel):
    """Base of what a sandboxed program reports; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


Name = Annotated[str, AfterValidator(partial(make_one_line, most=300))]
Line = Annotated[str, AfterValidator(partial(make_one_line, most=400))]
Text = Annotated[str, AfterValidator(lambda text: make_visible(text[:16_000])[:2_000])]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


def read(adapter: TypeAdapter[T], raw: bytes, what: str, most: int) -> T | Invalid:
    """Parse JSON of the adapter's type. `what` names it in the reason, `most` is the largest size in bytes."""
    if len(raw) > most:
        return Invalid(f"{what}: {len(raw)} bytes, more than {most}")
    try:
        value = json.loads(raw.decode("utf-8", "replace"), parse_constant=_reject_constant, parse_float=_parse_finite)
        return adapter.validate_python(value, strict=True)
    except ValidationError as error:
        fault: Any = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in fault["loc"][:8])
        return Invalid(make_one_line(f"{what}: {field or 'the whole'}: {fault['msg']}", REASON_CHARS))
    except RecursionError:
        return Invalid(f"{what}: nested too deep")
    except ValueError as error:
        return Invalid(make_one_line(f"{what}: not JSON: {error}", REASON_CHARS))


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number


def _reject_constant(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is not finite")
