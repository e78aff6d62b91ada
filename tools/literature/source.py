"""The protocol of a source of papers, and helpers for its implementations: tokens, records, duplicates, failures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import clean_key, redact_key
from pelagos.visible import replace_surrogates_in_json

_ASCII = re.compile(r"[a-z0-9]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def describe_failure(name: str, error: Exception, key: str = "") -> SourceFailed:
    """A foreign client's exception as SourceFailed with one line, with the `key` from the environment removed."""
    text = " ".join(f"{name}: {type(error).__name__}: {error}".split())
    return SourceFailed(redact_key(text, clean_key(key))[:300])


class Source(Protocol):
    """Methods raise SourceFailed if the source is not available. A search without results returns an empty list."""

    @property
    def name(self) -> str: ...

    @property
    def dropped(self) -> int:
        """The number of records in all answers so far that could not be used and were left out."""
        ...

    def search(self, query: str, limit: int) -> list[Paper]:
        """At most `limit` papers, most relevant first, each with `source`, `ids` and, if known, `date`."""
        ...

    def fetch(self, paper: Paper) -> Paper:
        """The paper with its full text, if this source has it."""
        ...


def tokenize(text: str) -> list[str]:
    """The words of a text in any script, in lower case. For Chinese and Japanese, which have no spaces between words,
    the pairs of neighbouring characters."""
    return [word for run in _split_runs(text) for word in ([run] if run.isascii() else _character_pairs(run))]


def _split_runs(text: str) -> list[str]:
    """Maximal runs of letters and digits (with combining marks), in lower case."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(
        character if character.isalnum() or unicodedata.category(character)[0] == "M" else " " for character in plain
    ).split()


def _character_pairs(run: str) -> list[str]:
    parts = _UNSPACED.findall(run)
    return [
        piece
        for part in parts
        for piece in ([part[at : at + 2] for at in range(max(1, len(part) - 1))] if part[0] >= "\u3040" else [part])
    ]


def tokenize_query(query: str, most: int = 12) -> list[str]:
    """The distinct words of a query, at most `most`, without anything that a service could read as an operator."""
    return list(dict.fromkeys(_split_runs(query)))[:most]


def convert_records(records: Iterable[Any], convert: Callable[[Any], Paper | None]) -> tuple[list[Paper], int]:
    """Convert a service's records. Returns the papers and the number of records that could not be converted; these are
    left out. Lone surrogates are replaced."""
    papers, dropped = [], 0
    for record in records:
        try:
            paper = convert(record)
        except (AttributeError, KeyError, TypeError, ValueError):  # a field of the wrong type
            paper = None
        if paper is None:
            dropped += 1
        else:
            papers.append(Paper(**replace_surrogates_in_json(paper.model_dump())))
    return papers, dropped


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def remove_duplicates(papers: Sequence[Paper]) -> list[Paper]:
    """The papers without later duplicates: the same id, the same external id (arXiv, DOI) or the same title."""
    seen: set[str] = set()
    unique = []
    for paper in papers:
        keys = _identity_keys(paper)
        if not keys & seen:
            unique.append(paper)
        seen |= keys
    return unique


def _identity_keys(paper: Paper) -> set[str]:
    title = " ".join(tokenize(paper.title))
    elsewhere = {f"{kind}:{id.lower()}" for kind, id in paper.ids.items() if id}
    return {f"id:{paper.id}", *elsewhere, *([f"title:{title}"] if title else [])}
