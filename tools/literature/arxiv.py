"""The source arXiv, through the package `arxiv`: one request in three seconds, as its terms require. Needs no key."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from tools.literature.source import convert_records, describe_failure, today, tokenize_query
from tools.literature.transport import Session

if TYPE_CHECKING:
    from pelagos.settings import Literature

ADDRESS = "https://export.arxiv.org"
PAUSE = 3.0
_ENTRY = re.compile(rb"<entry\b.*?</entry>", re.DOTALL)
_DATE = re.compile(rb"<(?:published|updated)\b[^>]*>([^<]*)<")
_EMPTY = (
    b"<entry><id>none</id><title/><updated>1970-01-01T00:00:00Z</updated>"
    b"<published>1970-01-01T00:00:00Z</published></entry>"
)
_VERSIONED = re.compile(r"(?P<id>.+?)(?:v(?P<version>\d+))?")


class ArXiv:
    name = "arxiv"

    def __init__(self, settings: Literature) -> None:
        self._address = settings.urls.get("arxiv", ADDRESS).rstrip("/")
        self._chars = settings.text_chars
        self._session = Session("arxiv", self._address, PAUSE, settings)
        self.dropped = 0

    def search(self, query: str, limit: int) -> list[Paper]:
        import arxiv

        terms = " OR ".join(f"all:{word}" for word in tokenize_query(query))
        if not terms:
            return []
        client = arxiv.Client(page_size=min(100, limit), delay_seconds=0, num_retries=0)
        client.query_url_format = f"{self._address}/api/query?{{}}"
        client._session = self._session
        self._session.hooks["response"] = [_check_complete, _empty_undated_entries]
        try:
            papers, dropped = convert_records(client.results(arxiv.Search(query=terms, max_results=limit)), _to_paper)
            self.dropped += dropped
            return papers
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            raise describe_failure(self.name, error) from error

    def fetch(self, paper: Paper) -> Paper:
        """The paper with the text of its PDF. Raises SourceFailed."""
        from tools.literature import pdf

        id = paper.ids.get("arxiv")
        if not id or paper.text:
            return paper
        answer = self._session.get(f"{self._address}/pdf/{id}{f'v{paper.version}' if paper.version else ''}")
        if not answer.ok:
            raise SourceFailed(f"arxiv: {id}: HTTP {answer.status_code}")
        return paper.model_copy(update={"text": pdf.extract_text(answer.content, self._chars).text})


def _empty_undated_entries(answer: Any, **_: Any) -> None:
    """Empty the entries with an unreadable date. The client rejects a whole page for one such entry; this way only the
    entry is left out."""
    if answer.ok and "/api/query" in answer.url:
        answer._content = _ENTRY.sub(lambda match: match[0] if _has_valid_dates(match[0]) else _EMPTY, answer.content)


def _has_valid_dates(entry: bytes) -> bool:
    try:
        dates = [datetime.fromisoformat(text.decode().strip()) for text in _DATE.findall(entry)]
    except ValueError:
        return False
    return len(dates) == 2


def _check_complete(answer: Any, **_: Any) -> None:
    """Raises SourceFailed for an incomplete feed, which the client would accept as an answer."""
    if answer.ok and "/api/query" in answer.url and not answer.content.rstrip().endswith(b"</feed>"):
        raise SourceFailed("arxiv: the answer is no whole feed")


def _to_paper(result: Any) -> Paper | None:
    """The paper of a search result; None for an entry without a title."""
    if not (result.title or "").strip():
        return None
    match = _VERSIONED.fullmatch(result.get_short_id())
    id, version = (match["id"], match["version"] or "") if match else (result.get_short_id(), "")
    return Paper(
        id=f"arxiv:{id}",
        title=result.title.strip(),
        abstract=" ".join(result.summary.split()),
        year=result.published.year,
        url=result.entry_id,
        authors=[author.name for author in result.authors if author.name],
        date=result.published.date().isoformat(),
        ids={"arxiv": id, **({"doi": result.doi} if result.doi else {})},
        source="arxiv",
        version=version,
        retrieved=today(),
    )
