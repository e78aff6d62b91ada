"""Runs inside the sandbox: says in a few words what a value is, and fingerprints it. Standard library only.

Knows tensors, arrays and modules by their shape (duck-typed; torch and numpy are never imported here).
Does not promise that equal fingerprints mean equal values: long arrays are fingerprinted by two sums.
"""

import math
from typing import Any

SHORT = 120
ITEMS = 20
DEPTH = 4


def describe(value: object) -> dict[str, object]:
    """Type, shape, dtype and short text of `value`; never raises, whatever its `__repr__` does."""
    told: dict[str, object] = {"type": "object"}
    try:
        told["type"] = type(value).__name__
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if isinstance(shape, tuple) and len(shape) <= 64 and all(type(n) is int and 0 <= n < 2**63 for n in shape):
            told["shape"] = list(shape)
        if dtype is not None:
            told["dtype"] = str(dtype)[:40]
        if "shape" not in told:
            told["text"] = _text(value)
        elif has_nan(value):
            told["nan"] = True
    except Exception as error:  # border: the value is the program's own, its attributes may do anything
        told["text"] = f"<not shown: {type(error).__name__}>"
    return told


def _text(value: object) -> str:
    if isinstance(value, (list, tuple, set, dict)):
        return f"{len(value)} items" + (f", first {_first(value)}" if value else "")
    if callable(value) or hasattr(value, "state_dict"):
        return ""
    text = repr(value)[: SHORT + 1]
    return text if len(text) <= SHORT else text[: SHORT - 3] + "..."


def _first(value: object) -> str:
    first = next(iter(value))  # type: ignore[call-overload]
    shape = getattr(first, "shape", None)
    return f"{type(first).__name__} {list(shape)}" if isinstance(shape, tuple) else type(first).__name__


def has_nan(value: object) -> bool:
    """Whether a number, array or tensor holds a NaN or an infinity; False where that can't be said."""
    if isinstance(value, float):
        return not math.isfinite(value)
    total = _sums(value)
    return total is not None and not math.isfinite(total[1])


def _sums(value: object) -> "tuple[float, float] | None":
    """Sum and sum of absolutes of an array-like of numbers, in double precision."""
    if not isinstance(getattr(value, "shape", None), tuple) or not hasattr(value, "sum"):
        return None
    try:
        numbers: Any = value
        numbers = numbers.detach().double() if hasattr(value, "detach") else numbers.astype("float64")
        return float(numbers.sum()), float(abs(numbers).sum())
    except (TypeError, ValueError, AttributeError, RuntimeError):
        return None


def fingerprint(value: object, depth: int = 0) -> str:
    """A text that two equal values share and two different ones hardly do; holds no memory addresses."""
    sums = _sums(value)
    if sums is not None:
        return f"{list(value.shape)}:{sums[0]:.9g}:{sums[1]:.9g}"  # type: ignore[attr-defined]
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return repr(value)[:200]
    if isinstance(value, float):
        return f"{value:.9g}"
    if depth >= DEPTH:
        return type(value).__name__
    if isinstance(value, dict):
        return "{" + ",".join(f"{str(k)[:60]}={fingerprint(v, depth + 1)}" for k, v in _some(value.items())) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(fingerprint(v, depth + 1) for v in _some(value)) + "]"
    return type(value).__name__ + _state(value, depth)


def _state(value: object, depth: int) -> str:
    state = getattr(value, "state_dict", None)
    if callable(state):
        return fingerprint(state(), depth + 1)
    inner = getattr(value, "__dict__", None)
    return fingerprint(inner, depth + 1) if isinstance(inner, dict) and not callable(value) else ""


def _some(items: object) -> list:  # type: ignore[type-arg]
    return [item for item, _ in zip(items, range(ITEMS * 10))]  # type: ignore[call-overload]  # noqa: B905
