"""Searches a cascade of sources: always the local corpus; then the live sources in order, each through the cache, until
one has papers.

A source that fails is reported once and the next one is searched. Without a network, searches use the cache and the
corpus. Thread-safe.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memory.weights.package_index import cache_folder
from pelagos.errors import MissingPart, SourceFailed
from pelagos.nouns import Paper
from pelagos.plugins import list_plugins, load_plugin
from pelagos.protocols import find_lacking
from pelagos.settings import SOURCES_GROUP
from tools.literature.cache import Cache
from tools.literature.corpus import Corpus, load_corpus
from tools.literature.source import Source, remove_duplicates, tokenize_query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pelagos.settings import Literature

Say = Callable[[str], None]
PACKAGES = {"arxiv": "arxiv", "openalex": "pyalex", "semanticscholar": "semanticscholar"}


class SearchResult(NamedTuple):
    """Papers, best first, and the names of the sources that answered, directly or from the cache."""

    papers: list[Paper]
    answered: list[str]


class Cascade:
    """`live` are the remote sources in the order of search. `vectors` maps paper ids to embeddings, for callers that
    make some."""

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
        self._lock = threading.Lock()
        self._reported: set[str] = set()
        self._answered = False

    @classmethod
    def open(cls, settings: Literature, papers: Path | None, say: Say) -> Cascade:
        """The cascade of the settings' sources, with the corpus at `papers` if given. Raises BadInput."""
        cache = _open_cache(settings.cache or cache_folder(), say)
        use_corpus = papers is not None and "corpus" in settings.sources
        corpus = load_corpus(papers, cache, settings.text_chars) if papers is not None and use_corpus else Corpus()
        for fault in corpus.faults:
            say(f"corpus: {fault}")
        live_names = [name for name in settings.sources if name != "corpus"]
        missing = [name for name in live_names if name in PACKAGES and find_spec(PACKAGES[name]) is None]
        if missing:
            say(f"literature: {', '.join(missing)} can't be asked here: pip install 'pelagos[literature]'")
        live = list(_create_sources([name for name in live_names if name not in missing], settings, say))
        return cls(live, corpus, cache, settings.search_days, say)

    def close(self) -> None:
        if self._cache:
            self._cache.close()

    @property
    def offline(self) -> bool:
        """Whether there are live sources and none of them has answered yet."""
        return bool(self.live) and not self._answered

    def search(self, query: str, limit: int) -> SearchResult:
        """At most `limit` papers of the corpus and at most `limit` of the first live source that has some."""
        local_papers = self.corpus.search(query, limit)
        answered = [self.corpus.name] if self.corpus.papers else []
        terms = " ".join(tokenize_query(query))
        for source in self.live if terms else []:
            papers = self._search_source(source, terms, limit)
            if papers is not None:
                answered.append(source.name)
            if papers:
                return SearchResult(remove_duplicates([*local_papers, *papers]), answered)
        return SearchResult(remove_duplicates(local_papers), answered)

    def fetch(self, paper: Paper) -> Paper:
        """The paper with its full text if a source has it, else unchanged."""
        cached = self._cache.find_paper(paper.id, paper.version) if self._cache and not paper.text else None
        if paper.text or (cached and cached.text):
            return cached if cached and cached.text else paper
        for source in (candidate for candidate in self.live if candidate.name == paper.source):
            try:
                whole = source.fetch(paper)
            except SourceFailed as error:
                self._report(f"literature: {paper.id}: {error}")
                continue
            if whole.text and self._cache:
                self._cache.store_paper(whole)
            return whole
        return paper

    def _search_source(self, source: Source, query: str, limit: int) -> list[Paper] | None:
        """Search the cache, then the source, then, if the source fails, an older search. None if all of them fail."""
        cached = self._find_cached(source, query, limit, self._days)
        if cached is not None:
            return cached
        try:
            papers = source.search(query, limit)
        except SourceFailed as error:
            self._report(f"literature: {error}")
            return self._find_cached(source, query, limit, None)
        finally:
            self._report_dropped(source)
        self._answered = True
        if self._cache:
            self._cache.store_search(source.name, query, limit, papers)
        return papers

    def _find_cached(self, source: Source, query: str, limit: int, days: float | None) -> list[Paper] | None:
        return self._cache.find_search(source.name, query, limit, days) if self._cache else None

    def _report_dropped(self, source: Source) -> None:
        """Report once per source that records were left out."""
        if source.dropped:
            lost = "without a title, or with fields that can't be read"
            self._report(f"literature: {source.name} records: {source.dropped} left out: {lost}")

    def _report(self, text: str) -> None:
        """Report a fault once per source."""
        with self._lock:
            subject = text.split(":")[1]
            is_new = subject not in self._reported
            self._reported.add(subject)
        if is_new:
            self._say(text)


def _open_cache(folder: Path, say: Say) -> Cache | None:
    try:
        return Cache(folder, say)
    except (OSError, sqlite3.Error) as error:
        say(f"literature: nothing is cached: {folder}: {error}")
        return None


def _create_sources(names: Sequence[str], settings: Literature, say: Say) -> Iterator[Source]:
    """Yield the sources. One of an installed package that can't be loaded is said and left out."""
    for name in names:
        try:
            yield _create_source(name, settings)
        except MissingPart as missing:
            say(f"literature: {missing}")


def _create_source(name: str, settings: Literature) -> Source:
    """Raises MissingPart for another's source that can't be loaded or lacks members."""
    from tools.literature.arxiv import ArXiv
    from tools.literature.openalex import OpenAlex
    from tools.literature.semantic_scholar import SemanticScholar

    kinds: dict[str, Callable[[Literature], Source]] = {
        "arxiv": ArXiv,
        "openalex": OpenAlex,
        "semanticscholar": SemanticScholar,
    }
    if name in kinds:
        return kinds[name](settings)
    lacking, others = partial(find_lacking, protocol=Source), list_plugins(SOURCES_GROUP, {})
    made: Source = load_plugin(
        "source of papers", name, others, lambda make: make(settings), lacking, "tools/literature/source.py"
    )
    return made
