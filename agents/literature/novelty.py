"""Checks whether the literature has a hypothesis already: novel, known, a variation of something known, or unknown.

Cheap checks come first: the same words in a title or finding, then cosines; below the threshold `near` a paper isn't
compared. The extractor compares near papers, one paper per call, and answers by one of three words. "Known" needs the
cosine as well as the model's word, and is never said of a paper that the hypothesis builds on: that is an application,
a variation. A small model says "same" of every paper, so it isn't asked, and the cosine alone decides. A finding of the
shipped library is general knowledge, not a report on this task: the extractor isn't asked about it, and a hypothesis
near it is a variation, never known; with nothing but the library, novelty is unknown. Dolphin (arXiv 2501.03916) asks
up to 10 rounds of queries as AI-Scientist does; here a round without new papers ends the search, and without live
sources there are no queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.desk import Desk
from agents.literature.search import search
from agents.run import Run
from pelagos.errors import BadReply
from pelagos.facts.ideas import Hit, Novelty
from pelagos.nouns import Hypothesis, NoveltyRule, Paper
from tools.literature.findings_library import LIBRARY
from tools.literature.source import remove_duplicates, tokenize
from tools.prompt import render

if TYPE_CHECKING:
    from memory.embedders.embedder import Embedder

HERE = Path(__file__).parent
Kind = Literal["novel", "known", "variation", "unknown"]
Word = Literal["same", "variation", "different"]
NEAR_COSINES = {"minilm-l6-v2-int8": 0.403, "hashing-512": 0.2}
"""Cosine that 19 in 20 of the shipped pairs of equal meaning reach (`python -m benchmarks.literature`)."""
ROUNDS, ROUNDS_SMALL = 10, 2
MAX_COMPARISONS = 10
HITS_PER_QUERY = 10
FROM_CORPUS = 200
MAX_SHOWN = 5


class Comparison(BaseModel):
    """One paper beside the hypothesis."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=1500)
    verdict: Word


class Query(BaseModel):
    """The next search; empty where enough was looked for."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(max_length=300)


def told(found: Novelty) -> dict[str, Any]:
    """Return the fields of the fact `screened`, with the nearest paper by name."""
    nearest = max(found.hits, key=lambda hit: hit.cosine, default=None)
    named = {"paper": nearest.paper if nearest else "", "paper_cosine": nearest.cosine if nearest else None}
    return {"novelty": found.kind, "novelty_reason": found.reason, "literature": found, **named}


def check_novelty(hypothesis: Hypothesis, run: Desk) -> Novelty:
    """Return the verdict. Every search and every comparison is a recorded step of the run."""
    check = _NoveltyCheck(hypothesis, run)
    corpus = run.literature.corpus
    papers = corpus.papers if len(corpus.papers) <= FROM_CORPUS else corpus.search(check.text, FROM_CORPUS)
    check.compare_new(remove_duplicates([*papers, *(ranked.paper for ranked in run.papers())]))
    for query in _queries(check, run) if run.literature.live else ():
        before = len(check.papers)
        check.compare_new(search(query, HITS_PER_QUERY, run).papers)
        check.queries.append(query)
        if check.has_known_hit or len(check.papers) == before:
            break
    return check.verdict()


class _NoveltyCheck:
    """The state of one hypothesis' check: queries, papers and hits so far."""

    def __init__(self, hypothesis: Hypothesis, run: Desk) -> None:
        self.hypothesis, self.run = hypothesis, run
        self.text = f"{hypothesis.title}. {hypothesis.statement}"
        self.queries: list[str] = []
        self.papers: list[Paper] = []
        self.hits: dict[str, Hit] = {}
        screen, strong = run.settings.screen, run.model("extractor").strong
        self.tau = screen.known_tau if screen.known_tau is not None else run.embedder.tau
        self.near = min(self.tau, screen.near_tau if screen.near_tau is not None else near_threshold(run.embedder))
        self.rounds = screen.rounds or (ROUNDS if strong else ROUNDS_SMALL)
        self.asks, self.comparisons = strong, MAX_COMPARISONS

    @property
    def has_known_hit(self) -> bool:
        return any(self._is_known(hit) for hit in self.hits.values())

    def compare_new(self, papers: list[Paper]) -> None:
        """Compare the papers that are new, nearest first, until one is known."""
        known_ids = {paper.id for paper in self.papers}
        fresh = [paper for paper in papers if paper.id not in known_ids]
        if not fresh:
            return
        self.papers = remove_duplicates([*self.papers, *fresh])
        cosines = _cosines(self.text, fresh, self.run)
        for cosine, paper in sorted(zip(cosines, fresh, strict=True), key=lambda pair: -pair[0]):
            date = paper.date or str(paper.year or "")
            hit = Hit(paper=paper.id, title=paper.title, date=date, cosine=round(cosine, 6), word=None, reason="")
            self.hits[paper.id] = self._compare_paper(hit, paper)
            if self.has_known_hit:
                return

    def verdict(self) -> Novelty:
        hits = sorted(self.hits.values(), key=lambda hit: (hit.word is None, -hit.cosine))[:MAX_SHOWN]
        kind, reason, rediscovery = self._decide()
        return Novelty(
            kind=kind, reason=reason, queries=self.queries, hits=hits, judged_by=self.judged_by, rediscovery=rediscovery
        )

    @property
    def judged_by(self) -> int:
        return sum(paper.source != LIBRARY for paper in self.papers)

    def _compare_paper(self, hit: Hit, paper: Paper) -> Hit:
        """Return the hit with the word of the cheapest check that decides."""
        if has_same_words(self.hypothesis, paper):
            word: Word = "variation" if paper.source == LIBRARY or paper.id in self.hypothesis.papers else "same"
            return _judged(hit, word, "the same words", cosine=max(hit.cosine, self.tau))
        if hit.cosine < self.near:
            return hit
        if paper.id in self.hypothesis.papers:
            return _judged(hit, "variation", "named as its ground by the hypothesis")
        if paper.source == LIBRARY:
            reason = "general knowledge, from the shipped library"
            return hit if hit.cosine < self.tau else _judged(hit, "variation", reason)
        if not self.asks:
            return hit if hit.cosine < self.tau else _judged(hit, "same", "by the cosine alone")
        if not self.comparisons:
            return hit
        self.comparisons -= 1
        comparison = _ask_for_comparison(self.hypothesis, paper, self.run)
        return _judged(hit, comparison.verdict, comparison.reason) if comparison else hit

    def _is_known(self, hit: Hit) -> bool:
        return hit.word == "same" and hit.cosine >= self.tau and hit.paper not in self.hypothesis.papers

    def _decide(self) -> tuple[Kind, str, bool]:
        matches = [hit for hit in self.hits.values() if hit.word in {"same", "variation"}]
        best = max(matches, key=lambda hit: (self._is_known(hit), hit.cosine), default=None)
        if best is None and not self.judged_by:
            return "unknown", "no papers to judge by", False
        if best is None:
            return "novel", f"nothing like it among {self.judged_by} papers", False
        kind: Kind = "known" if self._is_known(best) else "variation"
        newer = _is_newer(best.date, self.run)
        since = f"; a rediscovery: newer than the model's knowledge ({best.date})" if newer else ""
        return kind, f"{kind}: {best.paper}{since}", newer


def _judged(hit: Hit, word: Word, reason: str, **more: float) -> Hit:
    return hit.model_copy(update={"word": word, "reason": reason, **more})


def novelty_rule(run: Run) -> NoveltyRule:
    """Return what happens to known hypotheses: by the settings, else by the task."""
    return run.settings.screen.novelty or run.task.novelty


def near_threshold(embedder: Embedder) -> float:
    """Return the cosine below which a paper isn't compared by a model."""
    return NEAR_COSINES.get(embedder.id, 0.7 * embedder.tau)


def has_same_words(hypothesis: Hypothesis, paper: Paper) -> bool:
    """Whether the paper's title or finding has the same words as the hypothesis' title or statement."""
    own = {" ".join(tokenize(hypothesis.title)), " ".join(tokenize(hypothesis.statement))}
    papers_words = {" ".join(tokenize(paper.title)), " ".join(tokenize(paper.finding))}
    return bool((own & papers_words) - {""})


def _cosines(text: str, papers: list[Paper], run: Desk) -> list[float]:
    """Return the cosine of the text to each paper. A paper is embedded once per run."""
    vector_of = run.literature.vectors
    missing = [paper for paper in papers if paper.id not in vector_of]
    vectors = run.embedder.embed([text, *(f"{paper.title}. {paper.finding or paper.abstract}" for paper in missing)])
    vector_of.update(zip((paper.id for paper in missing), vectors[1:], strict=True))
    return [float(vector_of[paper.id] @ vectors[0]) for paper in papers]


def _ask_for_comparison(hypothesis: Hypothesis, paper: Paper, run: Desk) -> Comparison | None:
    """Ask the extractor to compare one paper. None if the reply can't be used: the paper counts as not compared."""
    prompt = render(HERE / "compare.j2", hypothesis=hypothesis, paper=paper)
    try:
        return run.model("extractor").ask_json(prompt, Comparison, max_tokens=200, temperature=0.0)
    except BadReply as error:
        run.say(f"{hypothesis.id}: {paper.id} could not be compared: {error}"[:300])
        return None


def _queries(check: _NoveltyCheck, run: Desk) -> Iterator[str]:
    """Yield the title, then the extractor's queries: `check.rounds` at most, no two the same."""
    yield check.hypothesis.title
    while len(check.queries) < check.rounds:
        titles = [hit.title for hit in sorted(check.hits.values(), key=lambda hit: -hit.cosine)[:MAX_SHOWN]]
        prompt = render(HERE / "query.j2", hypothesis=check.hypothesis, queries=check.queries, titles=titles)
        try:
            next_query = run.model("extractor").ask_json(prompt, Query, max_tokens=100, temperature=0.0).query.strip()
        except BadReply:
            return
        if not tokenize(next_query) or tokenize(next_query) in [tokenize(query) for query in check.queries]:
            return
        yield next_query


def _is_newer(date: str, run: Desk) -> bool:
    """Whether the paper is newer than the model's knowledge. `date` may be a year or a year and month only, of which
    as many characters are compared."""
    until = run.settings.models.knowledge_until
    return until is not None and bool(date) and date[: len("2026-01-01")] > until.isoformat()[: len(date)]
