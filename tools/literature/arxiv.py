"""arXiv, through the package `arxiv`: one request in three seconds, as its terms of use ask. Needs no key."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from tools.literature.source import failed, query_words, today, usable
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

        asked = " OR ".join(f"all:{word}" for word in query_words(query))
        if not asked:
            return []
        client = arxiv.Client(page_size=min(100, limit), delay_seconds=0, num_retries=0)
        client.query_url_format = f"{self._address}/api/query?{{}}"
        client._session = self._session
        self._session.hooks["response"] = [_whole, _readable]
        try:
            papers, lost = usable(client.results(arxiv.Search(query=asked, max_results=limit)), _paper)
            self.dropped += lost
            return papers
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            raise failed(self.name, error) from error

    def fetch(self, paper: Paper) -> Paper:
        """With the text of its PDF."""
        from tools.literature import pdf

        id = paper.ids.get("arxiv")
        if not id or paper.text:
            return paper
        answer = self._session.get(f"{self._address}/pdf/{id}{f'v{paper.version}' if paper.version else ''}")
        if not answer.ok:
            raise SourceFailed(f"arxiv: {id}: HTTP {answer.status_code}")
        return paper.model_copy(update={"text": pdf.text(answer.content, self._chars).text})


def _readable(answer: Any, **_: Any) -> None:
    """The client gives a whole page up for one date that it can't read: such an entry is emptied, so that it alone is
    left out."""
    if answer.ok and "/api/query" in answer.url:
        answer._content = _ENTRY.sub(lambda found: found[0] if _dated(found[0]) else _EMPTY, answer.content)


def _dated(entry: bytes) -> bool:
    try:
        dates = [datetime.fromisoformat(found.decode().strip()) for found in _DATE.findall(entry)]
    except ValueError:
        return False
    return len(dates) == 2


def _whole(answer: Any, **_: Any) -> None:
    """The client takes what is left of a broken feed, or of a page that is none, for an answer."""
    if answer.ok and "/api/query" in answer.url and not answer.content.rstrip().endswith(b"</feed>"):
        raise SourceFailed("arxiv: the answer is no whole feed")


def _paper(found: Any) -> Paper | None:
    """None for an entry without a title."""
    if not (found.title or "").strip():
        return None
    match = _VERSIONED.fullmatch(found.get_short_id())
    id, version = (match["id"], match["version"] or "") if match else (found.get_short_id(), "")
    return Paper(
        id=f"arxiv:{id}",
        title=found.title.strip(),
        abstract=" ".join(found.summary.split()),
        year=found.published.year,
        url=found.entry_id,
        authors=[author.name for author in found.authors if author.name],
        date=found.published.date().isoformat(),
        ids={"arxiv": id, **({"doi": found.doi} if found.doi else {})},
        source="arxiv",
        version=version,
        retrieved=today(),
    )
