"""Semantic Scholar, through the package `semanticscholar`. Works without a key, though throttled;
`SEMANTIC_SCHOLAR_API_KEY` is taken where it is set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import key_in, without_key
from tools.literature.source import query_words, today
from tools.literature.transport import Session

if TYPE_CHECKING:
    from pelagos.settings import Literature

ADDRESS = "https://api.semanticscholar.org"
PAUSE = 1.0
PAGE = 100
KEY = "SEMANTIC_SCHOLAR_API_KEY"
FIELDS = ["paperId", "title", "abstract", "year", "authors", "externalIds", "publicationDate", "url"]


class SemanticScholar:
    name = "semanticscholar"

    def __init__(self, settings: Literature) -> None:
        self._address = settings.urls.get("semanticscholar", ADDRESS).rstrip("/")
        self._session = Session("semanticscholar", self._address, PAUSE, settings)

    def search(self, query: str, limit: int) -> list[Paper]:
        asked = " ".join(query_words(query))
        if not asked:
            return []
        try:
            found = self._client(pages=limit // PAGE + 1).search_paper(asked, fields=FIELDS, limit=min(PAGE, limit))
            papers = (_paper(dict(one.raw_data)) for _, one in zip(range(limit), found, strict=False))
            return [paper for paper in papers if paper is not None]
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            said = f"semanticscholar: {type(error).__name__}: {error}"
            raise SourceFailed(without_key(said, os.environ.get(KEY, "").strip())[:300]) from None

    def fetch(self, paper: Paper) -> Paper:
        """As it is: the full text lies with others."""
        return paper

    def _client(self, pages: int) -> Any:
        from semanticscholar import SemanticScholar as Client

        client = Client(api_key=key_in(os.environ, KEY) or None, api_url=self._address, retry=False)
        client._AsyncSemanticScholar._requester = _Requester(self._session, pages)
        return client


class _Requester:
    """What the client sends by: its own takes most failures for an empty answer, forgets Retry-After, and asks for ever
    where an answer has no list."""

    def __init__(self, session: Session, pages: int) -> None:
        self._session, self._left = session, pages

    async def get_data_async(self, url: str, parameters: str, headers: dict[str, str], payload: Any = None) -> Any:
        if not self._left:
            return {"data": [], "offset": 0}
        self._left -= 1
        answer = self._session.get(f"{url}?{parameters.lstrip('&')}", headers=headers)
        if answer.status_code != 200:
            raise SourceFailed(f"semanticscholar: HTTP {answer.status_code}")
        found = answer.json()
        if "data" not in found and found.get("total") != 0:
            raise SourceFailed("semanticscholar: the answer holds no list of papers")
        return {"data": [], **found}


def _paper(found: dict[str, Any]) -> Paper | None:
    """None for a record without id or title."""
    id, title, elsewhere = found.get("paperId"), found.get("title"), found.get("externalIds") or {}
    if not id or not title:
        return None
    names = {"arxiv": elsewhere.get("ArXiv"), "doi": elsewhere.get("DOI")}
    return Paper(
        id=f"semanticscholar:{id}",
        title=str(title),
        abstract=str(found.get("abstract") or ""),
        year=found.get("year"),
        url=str(found.get("url") or ""),
        authors=[str(one.get("name")) for one in found.get("authors") or []],
        date=str(found.get("publicationDate") or ""),
        ids={"semanticscholar": str(id), **{kind: str(name) for kind, name in names.items() if name}},
        source="semanticscholar",
        retrieved=today(),
    )
