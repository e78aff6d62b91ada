"""One cascade of sources: the cache, then the live ones in their order until one has papers; the local corpus always.

What failed is told, each thing once, and the next source is asked. Without a network everything goes on with what the
cache and the corpus hold. Thread-safe.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memory.weights import cache_folder
from pelagos.errors import SourceFailed
from pelagos.nouns import Paper
from tools.literature.cache import Cache
from tools.literature.corpus import Corpus, load
from tools.literature.source import Source, distinct, query_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pelagos.settings import Literature

Say = Callable[[str], None]
PACKAGES = {"arxiv": "arxiv", "openalex": "pyalex", "semanticscholar": "semanticscholar"}


class Found(NamedTuple):
    """What a search gave: papers, the best first, and which sources answered, from the cache or by themselves."""

    papers: list[Paper]
    answered: list[str]


class Cascade:
    """`live` are the sources beyond this machine, in the order they are asked; `vectors` holds papers' embeddings by
    id for whoever makes some."""

    def __init__(
        self,
        live: Sequence[Source] = (),
        corpus: Corpus | None = None,
        cache: Cache | None = None,
        search_days: float = 0.0,
        say: Say = print,
    ) -> None:
        self.live, self.corpus = live, corpus or Corpus()
        self._cache, self._days, self._say = cache, search_days, say
        self.vectors: dict[str, NDArray[np.float32]] = {}
        self._guard = threading.Lock()
        self._told: set[str] = set()
        self._answered = False

    @classmethod
    def open(cls, settings: Literature, papers: Path | None, say: Say) -> Cascade:
        """The sources of the settings, with the corpus at `papers`, if there is one. Raises BadInput."""
        cache = _cache(settings.cache or cache_folder(), say)
        wanted = papers is not None and "corpus" in settings.sources
        corpus = load(papers, cache, settings.text_chars) if papers is not None and wanted else Corpus()
        for fault in corpus.faults:
            say(f"corpus: {fault}")
        wanted_live = [name for name in settings.sources if name != "corpus"]
        lacking = [name for name in wanted_live if find_spec(PACKAGES[name]) is None]
        if lacking:
            say(f"literature: {', '.join(lacking)} can't be asked here: pip install 'pelagos[literature]'")
        live = [_live(name, settings) for name in wanted_live if name not in lacking]
        return cls(live, corpus, cache, settings.search_days, say)

    def close(self) -> None:
        if self._cache:
            self._cache.close()

    @property
    def offline(self) -> bool:
        """Whether there are live sources and none of them has answered yet."""
        return bool(self.live) and not self._answered

    def search(self, query: str, limit: int) -> Found:
        """At most `limit` papers of the corpus and as many of the first live source that has some."""
        here = self.corpus.search(query, limit)
        answered = [self.corpus.name] if self.corpus.papers else []
        asked = " ".join(query_words(query))
        for source in self.live if asked else []:
            found = self._ask(source, asked, limit)
            if found is not None:
                answered.append(source.name)
            if found:
                return Found(distinct([*here, *found]), answered)
        return Found(distinct(here), answered)

    def fetch(self, paper: Paper) -> Paper:
        """The paper with its full text where a source has it; as it is where none does."""
        kept = self._cache.paper(paper.id, paper.version) if self._cache and not paper.text else None
        if paper.text or (kept and kept.text):
            return kept if kept and kept.text else paper
        for source in (one for one in self.live if one.name == paper.source):
            try:
                whole = source.fetch(paper)
            except SourceFailed as error:
                self._tell(f"literature: {paper.id}: {error}")
                continue
            if whole.text and self._cache:
                self._cache.keep_paper(whole)
            return whole
        return paper

    def _ask(self, source: Source, query: str, limit: int) -> list[Paper] | None:
        """From the cache, from the source, or, where that fails, from an older search. None: nothing to be had."""
        known = self._kept(source, query, limit, self._days)
        if known is not None:
            return known
        try:
            found = source.search(query, limit)
        except SourceFailed as error:
            self._tell(f"literature: {error}")
            return self._kept(source, query, limit, None)
        finally:
            self._tell_dropped(source)
        self._answered = True
        if self._cache:
            self._cache.keep(source.name, query, limit, found)
        return found

    def _kept(self, source: Source, query: str, limit: int, days: float | None) -> list[Paper] | None:
        return self._cache.found(source.name, query, limit, days) if self._cache else None

    def _tell_dropped(self, source: Source) -> None:
        """Once per source."""
        if source.dropped:
            lost = "without a title, or with fields that can't be read"
            self._tell(f"literature: {source.name} records: {source.dropped} left out: {lost}")

    def _tell(self, text: str) -> None:
        """Once per source: the same outage isn't news a second time."""
        with self._guard:
            about = text.split(":")[1]
            fresh = about not in self._told
            self._told.add(about)
        if fresh:
            self._say(text)


def _cache(folder: Path, say: Say) -> Cache | None:
    try:
        return Cache(folder, say)
    except (OSError, sqlite3.Error) as error:
        say(f"literature: nothing is cached: {folder}: {error}")
        return None


def _live(name: str, settings: Literature) -> Source:
    from tools.literature.arxiv import ArXiv
    from tools.literature.openalex import OpenAlex
    from tools.literature.semantic_scholar import SemanticScholar

    kinds: dict[str, Callable[[Literature], Source]] = {
        "arxiv": ArXiv,
        "openalex": OpenAlex,
        "semanticscholar": SemanticScholar,
    }
    return kinds[name](settings)
