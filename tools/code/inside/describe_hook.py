"""Runs inside the sandbox: describes a value in a few words and fingerprints it. Standard library only.

Recognises tensors, arrays and modules by their attributes (torch and numpy are never imported here). Equal fingerprints
do not imply equal values: arrays are fingerprinted by two sums.
"""

import math
from typing import Any

MAX_TEXT = 120
MAX_ITEMS = 20
MAX_DEPTH = 4


def describe(value: object) -> dict[str, object]:
    """Type, shape, dtype and short text of `value`. Never raises, whatever its `__repr__` does."""
    description: dict[str, object] = {"type": "object"}
    try:
        description["type"] = type(value).__name__
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if isinstance(shape, tuple) and len(shape) <= 64 and all(type(n) is int and 0 <= n < 2**63 for n in shape):
            description["shape"] = list(shape)
        if dtype is not None:
            description["dtype"] = str(dtype)[:40]
        if "shape" not in description:
            description["text"] = _short_text(value)
        elif has_nan(value):
            description["nan"] = True
    except Exception as error:  # border: attributes of the program's own value may do anything
        description["text"] = f"<not shown: {type(error).__name__}>"
    return description


def _short_text(value: object) -> str:
    if isinstance(value, (list, tuple, set, dict)):
        return f"{len(value)} items" + (f", first {_describe_first(value)}" if value else "")
    if callable(value) or hasattr(value, "state_dict"):
        return ""
    text = repr(value)[: MAX_TEXT + 1]
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def _describe_first(value: object) -> str:
    first = next(iter(value))  # type: ignore[call-overload]
    shape = getattr(first, "shape", None)
    return f"{type(first).__name__} {list(shape)}" if isinstance(shape, tuple) else type(first).__name__


def has_nan(value: object) -> bool:
    """Whether a number, array or tensor has a NaN or an infinity; False if this can't be determined."""
    if isinstance(value, float):
        return not math.isfinite(value)
    total = _sums(value)
    return total is not None and not math.isfinite(total[1])


def _sums(value: object) -> "tuple[float, float] | None":
    """Sum and sum of absolute values of an array of numbers in double precision; None for other values."""
    if not isinstance(getattr(value, "shape", None), tuple) or not hasattr(value, "sum"):
        return None
    try:
        numbers: Any = value
        numbers = numbers.detach().double() if hasattr(value, "detach") else numbers.astype("float64")
        return float(numbers.sum()), float(abs(numbers).sum())
    except (TypeError, ValueError, AttributeError, RuntimeError):
        return None


def fingerprint(value: object, depth: int = 0) -> str:
    """A text that is equal for equal values and very likely different for different ones, without memory addresses."""
    sums = _sums(value)
    if sums is not None:
        return f"{list(value.shape)}:{sums[0]:.9g}:{sums[1]:.9g}"  # type: ignore[attr-defined]
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return repr(value)[:200]
    if isinstance(value, float):
        return f"{value:.9g}"
    if depth >= MAX_DEPTH:
        return type(value).__name__
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{str(k)[:60]}={fingerprint(v, depth + 1)}" for k, v in _first_items(value.items())) + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(fingerprint(v, depth + 1) for v in _first_items(value)) + "]"
    return type(value).__name__ + _fingerprint_state(value, depth)


def _fingerprint_state(value: object, depth: int) -> str:
    state = getattr(value, "state_dict", None)
    if callable(state):
        return fingerprint(state(), depth + 1)
    inner = getattr(value, "__dict__", None)
    return fingerprint(inner, depth + 1) if isinstance(inner, dict) and not callable(value) else ""


def _first_items(items: object) -> list:  # type: ignore[type-arg]
    return [item for item, _ in zip(items, range(MAX_ITEMS * 10))]  # type: ignore[call-overload]  # noqa: B905
