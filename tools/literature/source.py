"""What a source of papers is: one small protocol, one implementation per file of this folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from pelagos.nouns import Paper


class Source(Protocol):
    """Raises SourceFailed where it gives nothing now. Finding nothing is an empty list, not a failure."""

    @property
    def name(self) -> str: ...

    def search(self, query: str, limit: int) -> list[Paper]:
        """At most `limit` papers, the most relevant first, each with `source`, `ids` and, where known, `date`."""
        ...

    def fetch(self, paper: Paper) -> Paper:
        """The paper with its full text, where this source has it and it may be asked for."""
        ...


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def query_words(query: str, most: int = 12) -> list[str]:
    """The words of a query, each once: nothing in it can be an operator or a parameter of a service."""
    return list(dict.fromkeys(words(query)))[:most]


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
