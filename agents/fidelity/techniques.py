"""Reads the marks of known techniques from `techniques.toml`, and finds the techniques that a hypothesis names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agents.fidelity.doubts.declared import Doubt, Rate, parse_doubt, parse_rate
from agents.fidelity.doubts.numbers import Number, parse_number

FILE = Path(__file__).with_suffix(".toml")
_CONTRASTED = re.compile(
    r"\b(instead of|in place of|rather than|in contrast to|compared (to|with)|unlike|than|not)\b[^,.;:]*"
    r"|\breplac\w+ (?P<old>[^,.;:]*?) (?=with|by)",
    re.IGNORECASE,
)
_REMOVAL = re.compile(r"\b(remov|without|drop(s|ping)? the|omit|disabl|turn\w* off|no longer)", re.IGNORECASE)


@dataclass(frozen=True)
class Way:
    """One way to implement a technique: expressions that must all match the code, and what a measurement then shows."""

    code: tuple[re.Pattern[str], ...]
    measured: re.Pattern[str] | None = None
    fewer: str = ""
    more: str = ""

    @property
    def wants_measurement(self) -> bool:
        return bool(self.measured or self.fewer or self.more)


@dataclass(frozen=True)
class Technique:
    name: str
    claim: re.Pattern[str]
    hint: re.Pattern[str]
    ways: tuple[Way, ...]
    void: tuple[re.Pattern[str], ...] = ()
    undone: re.Pattern[str] | None = None
    replaces: re.Pattern[str] | None = None
    misplaced: tuple[re.Pattern[str], ...] = ()
    brings: re.Pattern[str] | None = None
    doubts: tuple[Doubt, ...] = ()
    rates: tuple[Rate, ...] = ()
    numbers: tuple[Number, ...] = ()


@cache
def load_techniques() -> tuple[Technique, ...]:
    return tuple(_parse_technique(entry) for entry in tomllib.loads(FILE.read_text("utf-8"))["technique"])


def find_named(*texts: str) -> list[Technique]:
    """Return the techniques named in the first text that names any: title, statement, then findings. Returns none if
    that text is about removing something: marks only say what must be there."""
    for text in texts:
        claimed = _CONTRASTED.sub(" ", text)
        matches = [technique for technique in load_techniques() if technique.claim.search(claimed)]
        if matches:
            return [] if _REMOVAL.search(claimed) else _without_wider(matches)
    return []


def _without_wider(matches: Sequence[Technique]) -> list[Technique]:
    """Drop the wider of two techniques: AdamW is a weight decay, an exponential moving average a weight average."""
    names = {technique.name for technique in matches}
    wider = {name for narrow, name in NARROWER if narrow in names}
    return [technique for technique in matches if technique.name not in wider]


NARROWER = (("AdamW", "weight decay"), ("exponential moving average of the weights", "weight averaging"))


def _parse_technique(entry: dict[str, Any]) -> Technique:
    claim = re.compile(entry["claim"], re.IGNORECASE)
    return Technique(
        name=entry["name"],
        claim=claim,
        hint=re.compile(entry["hint"], re.IGNORECASE) if "hint" in entry else claim,
        ways=tuple(_parse_way(way) for way in entry["ways"]),
        undone=_compile(entry["undone"]) if "undone" in entry else None,
        replaces=_compile(entry["replaces"]) if "replaces" in entry else None,
        void=tuple(map(_compile, entry.get("void", ()))),
        misplaced=tuple(map(_compile, entry.get("misplaced", ()))),
        brings=_compile(entry["brings"]) if "brings" in entry else None,
        doubts=tuple(map(parse_doubt, entry.get("doubts", ()))),
        rates=tuple(map(parse_rate, entry.get("rates", ()))),
        numbers=tuple(map(parse_number, entry.get("numbers", ()))),
    )


def _parse_way(entry: dict[str, Any]) -> Way:
    measured = _compile(entry["measured"]) if "measured" in entry else None
    return Way(tuple(map(_compile, entry["code"])), measured, entry.get("fewer", ""), entry.get("more", ""))


def _compile(text: str) -> re.Pattern[str]:
    return re.compile(text, re.MULTILINE)
