"""Finds numbers that contradict those a hypothesis asks for: 0.3 was asked for, 0.5 is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1, "twentieth": 0.05,
}  # fmt: skip
FACTOR = r"(?P<n>\d*\.?\d+(?:e-?\d+)?)(?![\w.])"
ALONE = rf"{FACTOR}(?! *[*/+-])"
_PLACE = re.compile(r"<n>( \\\*)?")
_NUMBER = re.compile(rf"(?<![\w.])(?:(\d*\.?\d+(?:e-?\d+)?)\s*(%|per ?cent)?|({'|'.join(_WORDS)})\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Number:
    """How to find one number of a technique. `given` matches it in the code as group `n`, `measured` in a measured
    line; `times` names a measured amount that must have grown by that factor. `slack` is the allowed difference,
    `within` the allowed factor. With `rest`, one minus the number is accepted too. `default` is the value that the call
    `of` uses if the code gives none."""

    asked: re.Pattern[str]
    given: tuple[re.Pattern[str], ...] = ()
    measured: re.Pattern[str] | None = None
    times: str = ""
    of: re.Pattern[str] | None = None
    default: float = 0.0
    slack: float = 0.0
    within: float = 1.001
    rest: bool = False


def parse_number(entry: dict[str, Any]) -> Number:
    """Parse an entry of `techniques.toml`. There `<n>` stands for a plain number, `<n>( \\*)?` also for a factor."""
    patterns = [re.compile(_PLACE.sub(_literal, text), re.MULTILINE) for text in entry.get("given", ())]
    fields: dict[str, Any] = {name: value for name, value in entry.items() if name not in ("asked", "given")}
    fields |= {name: re.compile(entry[name]) for name in ("measured", "of") if name in entry}
    return Number(re.compile(entry["asked"], re.IGNORECASE), tuple(patterns), **fields)


def _literal(place: re.Match[str]) -> str:
    return f"{FACTOR}{place[1]}" if place[1] else ALONE


def find_contradictions(rule: Number, text: str, code: str, differences: Sequence[str] | None) -> list[str]:
    """Return at most one line, if none of the numbers found is one that was asked for. If the claim asks for a range
    ("between"), nothing is compared."""
    if not rule.asked.search(text) or re.search(r"\bbetween\b|\bat (least|most)\b", text):
        return []
    wanted_numbers = list(_asked_numbers(text))
    for found_numbers in (list(_numbers_in_code(rule, code)), list(_numbers_measured(rule, differences))):
        if (
            wanted_numbers
            and found_numbers
            and not any(_is_same(rule, number, expected) for expected in wanted_numbers for number in found_numbers)
        ):
            number = found_numbers[0]
            names = " or ".join(dict.fromkeys(f"{expected:.3g}" for expected in wanted_numbers))
            return [f"{names} was asked for, {number:.3g} is there"]
    return []


def _asked_numbers(text: str) -> Iterator[float]:
    for digits, per_cent, word in _NUMBER.findall(text):
        yield (float(digits) / (100 if per_cent else 1)) if digits else _WORDS[word.lower()]


def _numbers_in_code(rule: Number, code: str) -> list[float]:
    numbers = [float(match["n"]) for pattern in rule.given for match in pattern.finditer(code)]
    if not numbers and rule.of is not None and rule.of.search(code):
        numbers = [rule.default]
    return numbers


def _numbers_measured(rule: Number, differences: Sequence[str] | None) -> Iterator[float]:
    for line in differences or ():
        if rule.measured is not None and (match := rule.measured.search(line)):
            yield float(match["n"])
        if rule.times and (growth := re.match(rf"{rule.times} (?P<old>[\d.e+-]+) -> (?P<new>[\d.e+-]+)$", line)):
            yield float(growth["new"]) / (float(growth["old"]) or 1.0)


def _is_same(rule: Number, actual: float, wanted: float) -> bool:
    accepted = [wanted, 1 - wanted] if rule.rest else [wanted]
    return any(
        abs(actual - expected) <= rule.slack + 1e-9
        or (expected > 0 and 1 / rule.within <= actual / expected <= rule.within)
        for expected in accepted
    )
