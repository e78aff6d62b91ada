"""The source OpenAlex, through the package `pyalex`. `OPENALEX_API_KEY` is optional and allows more requests."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import read_key
from tools.literature.source import convert_records, describe_failure, today, tokenize_query
from tools.literature.transport import Session

if TYPE_CHECKING:
    from pelagos.settings import Literature

ADDRESS = "https://api.openalex.org"
PAUSE = 0.1
PAGE = 100
KEY = "OPENALEX_API_KEY"
_CONFIG_LOCK = threading.Lock()  # pyalex keeps its settings in one global


class OpenAlex:
    name = "openalex"

    def __init__(self, settings: Literature) -> None:
        self._address = settings.urls.get("openalex", ADDRESS).rstrip("/")
        self._session = Session("openalex", self._address, PAUSE, settings)
        self.dropped = 0

    def search(self, query: str, limit: int) -> list[Paper]:
        terms = " ".join(tokenize_query(query))
        if not terms:
            return []
        try:
            with _CONFIG_LOCK:
                records = self._request_records(terms, limit)
            papers, dropped = convert_records(records[:limit], _to_paper)
            self.dropped += dropped
            return papers
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            raise describe_failure(self.name, error, os.environ.get(KEY, "")) from None

    def fetch(self, paper: Paper) -> Paper:
        """The paper unchanged: OpenAlex has no full texts."""
        return paper

    def _request_records(self, terms: str, limit: int) -> list[dict[str, Any]]:
        import pyalex

        address, session = self._address, self._session

        class Works(pyalex.Works):  # type: ignore[misc]
            resource_class = staticmethod(_as_record)

            def _get_from_url(self, url: str, session_: Any = None) -> Any:
                return super()._get_from_url(url.replace(ADDRESS, address, 1), session)

        pyalex.config.api_key = read_key(os.environ, KEY) or None
        size = min(PAGE, limit)
        pages = Works().search(terms).paginate(method="page", per_page=size, n_max=limit)
        records: list[dict[str, Any]] = []
        for page in pages:
            records += page
            if len(page) < size:
                break
        return records


def _as_record(record: Any) -> dict[str, Any]:
    """The record, or {} for anything else, because of which the client would reject the whole page."""
    return record if isinstance(record, dict) else {}


def _to_paper(record: dict[str, Any]) -> Paper | None:
    """The paper of a work; None for a work without id or title."""
    import pyalex

    id, title = str(record.get("id") or "").rpartition("/")[2], record.get("title") or record.get("display_name")
    if not id or not title:
        return None
    index = record.get("abstract_inverted_index")
    doi = str(record.get("doi") or "").removeprefix("https://doi.org/")
    return Paper(
        id=f"openalex:{id}",
        title=str(title),
        abstract=str(pyalex.invert_abstract(index) or "") if index else "",
        year=record.get("publication_year"),
        url=str(record["id"]),
        authors=[name for authorship in record.get("authorships") or [] if (name := _author_name(authorship))],
        date=str(record.get("publication_date") or ""),
        ids={"openalex": id, **({"doi": doi} if doi else {})},
        source="openalex",
        version=str(record.get("updated_date") or ""),
        retrieved=today(),
    )


def _author_name(authorship: Any) -> str:
    """The author's name, '' if there is none."""
    author = authorship.get("author") if isinstance(authorship, dict) else None
    return str(author.get("display_name") or "") if isinstance(author, dict) else ""
