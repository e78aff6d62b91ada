"""OpenAlex, through the package `pyalex`. Works without a key, with one for more: `OPENALEX_API_KEY`."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from pelagos.secrets import key_in
from tools.literature.source import failed, query_words, today, usable
from tools.literature.transport import Session

if TYPE_CHECKING:
    from pelagos.settings import Literature

ADDRESS = "https://api.openalex.org"
PAUSE = 0.1
PAGE = 100
KEY = "OPENALEX_API_KEY"
_CONFIG = threading.Lock()  # pyalex keeps its settings in one global


class OpenAlex:
    name = "openalex"

    def __init__(self, settings: Literature) -> None:
        self._address = settings.urls.get("openalex", ADDRESS).rstrip("/")
        self._session = Session("openalex", self._address, PAUSE, settings)
        self.dropped = 0

    def search(self, query: str, limit: int) -> list[Paper]:
        asked = " ".join(query_words(query))
        if not asked:
            return []
        try:
            with _CONFIG:
                found = self._found(asked, limit)
            papers, lost = usable(found[:limit], _paper)
            self.dropped += lost
            return papers
        except SourceFailed:
            raise
        except Exception as error:  # border: a foreign service and its client
            raise failed(self.name, error, os.environ.get(KEY, "")) from None

    def fetch(self, paper: Paper) -> Paper:
        """As it is: the full text lies with others."""
        return paper

    def _found(self, asked: str, limit: int) -> list[dict[str, Any]]:
        import pyalex

        address, session = self._address, self._session

        class Works(pyalex.Works):  # type: ignore[misc]
            resource_class = staticmethod(_record)

            def _get_from_url(self, url: str, session_: Any = None) -> Any:
                return super()._get_from_url(url.replace(ADDRESS, address, 1), session)

        pyalex.config.api_key = key_in(os.environ, KEY) or None
        size = min(PAGE, limit)
        pages = Works().search(asked).paginate(method="page", per_page=size, n_max=limit)
        found: list[dict[str, Any]] = []
        for page in pages:
            found += page
            if len(page) < size:
                break
        return found


def _record(found: Any) -> dict[str, Any]:
    """Empty for what is no record: the client would give the whole page up."""
    return found if isinstance(found, dict) else {}


def _paper(found: dict[str, Any]) -> Paper | None:
    """None for a work without id or title."""
    import pyalex

    id, title = str(found.get("id") or "").rpartition("/")[2], found.get("title") or found.get("display_name")
    if not id or not title:
        return None
    index = found.get("abstract_inverted_index")
    doi = str(found.get("doi") or "").removeprefix("https://doi.org/")
    return Paper(
        id=f"openalex:{id}",
        title=str(title),
        abstract=str(pyalex.invert_abstract(index) or "") if index else "",
        year=found.get("publication_year"),
        url=str(found["id"]),
        authors=[name for one in found.get("authorships") or [] if (name := _author(one))],
        date=str(found.get("publication_date") or ""),
        ids={"openalex": id, **({"doi": doi} if doi else {})},
        source="openalex",
        version=str(found.get("updated_date") or ""),
        retrieved=today(),
    )


def _author(authorship: Any) -> str:
    """'' where it names nobody."""
    author = authorship.get("author") if isinstance(authorship, dict) else None
    return str(author.get("display_name") or "") if isinstance(author, dict) else ""
