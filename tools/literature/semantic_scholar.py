"""The source Semantic Scholar, through the package `semanticscholar`. Works without a key, but throttled;
`SEMANTIC_SCHOLAR_API_KEY` is used if it is set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import read_key
from tools.literature.source import convert_records, describe_failure, today, tokenize_query
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
        terms = " ".join(tokenize_query(query))
        if not terms:
            return []
        try:
            results = self._client(pages=limit // PAGE + 1).search_paper(terms, fields=FIELDS, limit=min(PAGE, limit))
            records = (result.raw_data[RECORD] for _, result in zip(range(limit), results, strict=False))
            papers, dropped = convert_records(records, _to_paper)
            self.dropped += dropped
            return papers
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            raise describe_failure(self.name, error, os.environ.get(KEY, "")) from None

    def fetch(self, paper: Paper) -> Paper:
        """The paper unchanged: Semantic Scholar has no full texts."""
        return paper

    def _client(self, pages: int) -> Any:
        from semanticscholar import SemanticScholar as Client

        client = Client(api_key=read_key(os.environ, KEY) or None, api_url=self._address, retry=False)
        client._AsyncSemanticScholar._requester = _Requester(self._session, pages)
        return client


class _Requester:
    """Replaces the client's requester, which treats most failures as an empty answer, ignores Retry-After and loops
    forever if an answer has no list. Records are wrapped, because the client reads their fields and would lose the page
    for one that it can't read."""

    def __init__(self, session: Session, pages: int) -> None:
        self._session, self._left = session, pages

    async def get_data_async(self, url: str, parameters: str, headers: dict[str, str], payload: Any = None) -> Any:
        if not self._left:
            return {"data": [], "offset": 0}
        self._left -= 1
        answer = self._session.get(f"{url}?{parameters.lstrip('&')}", headers=headers)
        if answer.status_code != 200:
            raise SourceFailed(f"semanticscholar: HTTP {answer.status_code}")
        content = answer.json()
        if not isinstance(content.get("data"), list) and content.get("total") != 0:
            raise SourceFailed("semanticscholar: the answer holds no list of papers")
        return {**content, "data": [{RECORD: record} for record in content.get("data") or []]}


def _to_paper(record: dict[str, Any]) -> Paper | None:
    """The paper of a record; None for a record without id or title."""
    id, title, external_ids = record.get("paperId"), record.get("title"), record.get("externalIds") or {}
    if not id or not title:
        return None
    names = {"arxiv": external_ids.get("ArXiv"), "doi": external_ids.get("DOI")}
    return Paper(
        id=f"semanticscholar:{id}",
        title=str(title),
        abstract=str(record.get("abstract") or ""),
        year=record.get("year"),
        url=str(record.get("url") or ""),
        authors=[str(author["name"]) for author in record.get("authors") or [] if author and author.get("name")],
        date=str(record.get("publicationDate") or ""),
        ids={"semanticscholar": str(id), **{kind: str(name) for kind, name in names.items() if name}},
        source="semanticscholar",
        retrieved=today(),
    )
