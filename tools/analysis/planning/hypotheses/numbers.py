"""Traces the numbers of a text: each must be a number of an artifact, rounded as the text rounds it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

NUMBER = re.compile(r"(?<![\w.])([-+−]?)(\d+(?:\.(\d+))?)(?:[eE]([-+]?\d+))?(\s?%)?(?![\w]|\.\d)")
CONVENTIONS = (95.0,)
"""Numbers that belong to no data: the coverage of the intervals."""


def collect_numbers(value: Any) -> Iterator[float]:
    """Yield the numbers in JSON, whatever its shape. Text is not read."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from collect_numbers(item)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            yield from collect_numbers(item)


def find_untraced(text: str, known: Iterable[float], names: Iterable[str] = ()) -> list[str]:
    """Return the numbers in `text` that are none of `known`. Digits within words are no numbers; the words of `names`
    (of features, levels, columns) are left out first, and a level that is a bare number only as the value of its group:
    "arm = 1"."""
    for name in sorted(set(names), key=len, reverse=True):
        if any(char.isdigit() for char in name):
            before = r"(?<!\w)" if any(char.isalpha() for char in name) else "= "
            text = re.sub(rf"{before}{re.escape(name)}(?!\w|\.\d)", " ", text, flags=re.IGNORECASE)
    values = [*known, *CONVENTIONS]
    return [match[0].strip() for match in NUMBER.finditer(text) if not _is_known(match, values)]


def _is_known(match: re.Match[str], known: Sequence[float]) -> bool:
    sign, digits, decimals, exponent, percent = match.groups()
    scale = 10.0 ** int(exponent or 0) / (100 if percent else 1)
    magnitude, slack = float(digits) * scale, 0.5000001 * 10.0 ** -len(decimals or "") * scale
    if percent and _near(float(digits), slack * 100, known):
        return True
    if sign:
        return _near(-magnitude if sign in "-−" else magnitude, slack, known)
    return _near(magnitude, slack, [abs(value) for value in known])


def _near(value: float, slack: float, known: Iterable[float]) -> bool:
    return any(abs(value - other) <= slack for other in known)
