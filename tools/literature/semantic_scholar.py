"""Semantic Scholar, through the package `semanticscholar`. Works without a key, though throttled;
`SEMANTIC_SCHOLAR_API_KEY` is taken where it is set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import key_in
from tools.literature.source import failed, query_words, today, usable
from tools.literature.transport import Session

if TYPE_CHECKING:
    from pelagos.settings import Literature

ADDRESS = "https://api.semanticscholar.org"
PAUSE = 1.0
PAGE = 100
KEY = "SEMANTIC_SCHOLAR_API_KEY"
RECORD = "record"
FIELDS = ["paperId", "title", "abstract", "year", "authors", "externalIds", "publicationDate", "url"]


class SemanticScholar:
    name = "semanticscholar"

    def __init__(self, settings: Literature) -> None:
        self._address = settings.urls.get("semanticscholar", ADDRESS).rstrip("/")
        self._session = Session("semanticscholar", self._address, PAUSE, settings)
        self.dropped = 0

    def search(self, query: str, limit: int) -> list[Paper]:
        asked = " ".join(query_words(query))
        if not asked:
            return []
        try:
            found = self._client(pages=limit // PAGE + 1).search_paper(asked, fields=FIELDS, limit=min(PAGE, limit))
            records = (one.raw_data[RECORD] for _, one in zip(range(limit), found, strict=False))
            papers, lost = usable(records, _paper)
            self.dropped += lost
            return papers
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            raise failed(self.name, error, os.environ.get(KEY, "")) from None

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
    where an answer has no list. Records are wrapped: the client reads their fields, and one that it can't read would
    lose the page."""

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
        if not isinstance(found.get("data"), list) and found.get("total") != 0:
            raise SourceFailed("semanticscholar: the answer holds no list of papers")
        return {**found, "data": [{RECORD: one} for one in found.get("data") or []]}


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
        authors=[str(one["name"]) for one in found.get("authors") or [] if one and one.get("name")],
        date=str(found.get("publicationDate") or ""),
        ids={"semanticscholar": str(id), **{kind: str(name) for kind, name in names.items() if name}},
        source="semanticscholar",
        retrieved=today(),
    )
