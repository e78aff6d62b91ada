"""What a source of papers is: one small protocol, one implementation per file of this folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import cleaned, without_key
from pelagos.visible import whole_json

_ASCII = re.compile(r"[a-z0-9]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def failed(name: str, error: Exception, key: str = "") -> SourceFailed:
    """What a foreign client raised, in one line without the `key` as it stands in the environment."""
    said = " ".join(f"{name}: {type(error).__name__}: {error}".split())
    return SourceFailed(without_key(said, cleaned(key))[:300])


class Source(Protocol):
    """Raises SourceFailed where it gives nothing now. Finding nothing is an empty list, not a failure."""

    @property
    def name(self) -> str: ...

    @property
    def dropped(self) -> int:
        """Records of all its answers so far that could not be used; each is left out alone."""
        ...

    def search(self, query: str, limit: int) -> list[Paper]:
        """At most `limit` papers, the most relevant first, each with `source`, `ids` and, where known, `date`."""
        ...

    def fetch(self, paper: Paper) -> Paper:
        """The paper with its full text, where this source has it and it may be asked for."""
        ...


def words(text: str) -> list[str]:
    """The words of any script, in lower case. Of Chinese and Japanese, which put no space between words, the pairs of
    neighbouring characters."""
    return [word for run in _runs(text) for word in ([run] if run.isascii() else _pairs(run))]


def _runs(text: str) -> list[str]:
    """What letters and digits (with their marks) stand together."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(one if one.isalnum() or unicodedata.category(one)[0] == "M" else " " for one in plain).split()


def _pairs(run: str) -> list[str]:
    parts = _UNSPACED.findall(run)
    return [
        piece
        for part in parts
        for piece in ([part[at : at + 2] for at in range(max(1, len(part) - 1))] if part[0] >= "\u3040" else [part])
    ]


def query_words(query: str, most: int = 12) -> list[str]:
    """The words of a query, each once: nothing in it can be an operator or a parameter of a service."""
    return list(dict.fromkeys(_runs(query)))[:most]


def usable(records: Iterable[Any], made: Callable[[Any], Paper | None]) -> tuple[list[Paper], int]:
    """The papers that `made` makes of a service's records, and how many it can make none of: a bad record is left out
    alone, halves of characters are replaced."""
    found, lost = [], 0
    for record in records:
        try:
            paper = made(record)
        except (AttributeError, KeyError, TypeError, ValueError):  # what a field of the wrong kind comes to
            paper = None
        if paper is None:
            lost += 1
        else:
            found.append(Paper(**whole_json(paper.model_dump())))
    return found, lost


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def distinct(papers: Sequence[Paper]) -> list[Paper]:
    """Without those that come a second time: same id, same id elsewhere (arXiv, DOI), or same title."""
    seen: set[str] = set()
    kept = []
    for paper in papers:
        marks = _marks(paper)
        if not marks & seen:
            kept.append(paper)
        seen |= marks
    return kept


def _marks(paper: Paper) -> set[str]:
    title = " ".join(words(paper.title))
    elsewhere = {f"{kind}:{id.lower()}" for kind, id in paper.ids.items() if id}
    return {f"id:{paper.id}", *elsewhere, *([f"title:{title}"] if title else [])}
