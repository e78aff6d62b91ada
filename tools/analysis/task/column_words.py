"""Words in column names and level names that tell what a column is (`column_words.toml`)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

FILE = Path(__file__).with_suffix(".toml")
Topic = Literal[
    "batch", "covariates", "subject", "time", "event", "control", "absence", "ignored", "answers", "general"
]


def find_words(name: str) -> list[str]:
    """The words of a name in lower case: "AgeAtDeath_years" gives age, at, death, years."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]


def mentions(name: str, topic: Topic) -> bool:
    """Whether a word of `name` is one of the topic's."""
    return not _topic_words(topic).isdisjoint(find_words(name))


def is_general(word: str) -> bool:
    return word in _topic_words("general")


def only_answers(levels: list[str]) -> bool:
    """Whether the levels are yes, no and the like."""
    return _topic_words("answers").issuperset(level.lower() for level in levels)


def weigh_group(name: str) -> int:
    """How much a name speaks for a column with the compared groups."""
    weights: dict[str, int] = _read()["group"]
    return sum(weights.get(word, 0) for word in find_words(name)) - 3 * mentions(name, "ignored")


def _topic_words(topic: Topic) -> frozenset[str]:
    return frozenset(_read()["words"][topic])


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))
