"""Whether the literature has a hypothesis already: novel, known, a variation of something known, or unknown.

Cheap checks come first: the same words in a title or finding; then cosines, and below `near` a paper isn't looked at
at all. What is near is compared by the extractor, one paper per call, whose reply is one of three words. "Known" needs
the cosine as well as the model's word, and is never said of a paper the hypothesis itself names as its ground: that is
an application of it, a variation. A small model says "same" of every paper, so it isn't asked: there the cosine says
it alone. A finding of the shipped library is general knowledge, not a report on this task: the extractor isn't asked
about it, and a hypothesis near it is a variation, never known; where there is nothing but the library, novelty is
unknown. Dolphin (arXiv 2501.03916) asks up to 10 rounds of queries as AI-Scientist does; here a round that brings
nothing new ends the search, and without live sources there is nothing more to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.search import search
from agents.prompt import render
from agents.run import Run
from pelagos.errors import BadReply
from pelagos.nouns import Hypothesis, NoveltyRule, Paper
from tools.literature.general import LIBRARY
from tools.literature.source import distinct, words

if TYPE_CHECKING:
    from memory.embedder import Embedder

HERE = Path(__file__).parent
Kind = Literal["novel", "known", "variation", "unknown"]
Word = Literal["same", "variation", "different"]
NEAR = {"minilm-l6-v2-int8": 0.403, "hashing-512": 0.2}
"""Cosine that 19 in 20 of the shipped pairs that are the same reach (`python -m benchmarks.literature`)."""
ROUNDS, ROUNDS_SMALL = 10, 2
COMPARED = 10
HITS = 10
FROM_CORPUS = 200
SHOWN = 5


class Comparison(BaseModel):
    """One paper beside the hypothesis."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=1500)
    verdict: Word


class Query(BaseModel):
    """The next search; empty where enough was looked for."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(max_length=300)


@dataclass(frozen=True)
class Hit:
    """A paper that came near: its cosine, and what the extractor said where it was asked."""

    paper: str
    title: str
    date: str
    cosine: float
    word: Word | None = None
    reason: str = ""


@dataclass(frozen=True)
class Novelty:
    """The verdict with what it rests on. `rediscovery`: what is known is newer than the model's knowledge."""

    kind: Kind
    reason: str
    queries: list[str] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    judged_by: int = 0
    rediscovery: bool = False

    def fact(self) -> dict[str, Any]:
        """As the ledger keeps it, with the nearest paper by name."""
        nearest = max(self.hits, key=lambda hit: hit.cosine, default=None)
        named = {"paper": nearest.paper if nearest else "", "paper_cosine": nearest.cosine if nearest else None}
        return {"novelty": self.kind, "novelty_reason": self.reason, "literature": asdict(self), **named}


def novelty(hypothesis: Hypothesis, run: Run) -> Novelty:
    """The verdict; every search and every comparison is a recorded step of the run."""
    look = _Look(hypothesis, run)
    corpus = run.literature.corpus
    here = corpus.papers if len(corpus.papers) <= FROM_CORPUS else corpus.search(look.text, FROM_CORPUS)
    look.take(distinct([*here, *(ranked.paper for ranked in run.papers())]))
    for query in _queries(look, run) if run.literature.live else ():
        before = len(look.papers)
        look.take(search(query, HITS, run).papers)
        look.queries.append(query)
        if look.settled or len(look.papers) == before:
            break
    return look.verdict()


class _Look:
    """What was looked at so far for one hypothesis."""

    def __init__(self, hypothesis: Hypothesis, run: Run) -> None:
        self.hypothesis, self.run = hypothesis, run
        self.text = f"{hypothesis.title}. {hypothesis.statement}"
        self.queries: list[str] = []
        self.papers: list[Paper] = []
        self.hits: dict[str, Hit] = {}
        screen, strong = run.settings.screen, run.model("extractor").strong
        self.tau = screen.known_tau if screen.known_tau is not None else run.embedder.tau
        self.near = min(self.tau, screen.near_tau if screen.near_tau is not None else near(run.embedder))
        self.rounds = screen.rounds or (ROUNDS if strong else ROUNDS_SMALL)
        self.asks, self.comparisons = strong, COMPARED

    @property
    def settled(self) -> bool:
        return any(self._known(hit) for hit in self.hits.values())

    def take(self, papers: list[Paper]) -> None:
        """Look at those that are new."""
        seen = {paper.id for paper in self.papers}
        fresh = [paper for paper in papers if paper.id not in seen]
        if not fresh:
            return
        self.papers = distinct([*self.papers, *fresh])
        cosines = _cosines(self.text, fresh, self.run)
        for cosine, paper in sorted(zip(cosines, fresh, strict=True), key=lambda pair: -pair[0]):
            hit = Hit(paper.id, paper.title, paper.date or str(paper.year or ""), round(cosine, 6))
            self.hits[paper.id] = self._compared(hit, paper)
            if self.settled:
                return

    def verdict(self) -> Novelty:
        hits = sorted(self.hits.values(), key=lambda hit: (hit.word is None, -hit.cosine))[:SHOWN]
        kind, reason, rediscovery = self._said()
        return Novelty(kind, reason, self.queries, hits, self.judged_by, rediscovery)

    @property
    def judged_by(self) -> int:
        return sum(paper.source != LIBRARY for paper in self.papers)

    def _compared(self, hit: Hit, paper: Paper) -> Hit:
        """By the cheapest check that decides."""
        if same_words(self.hypothesis, paper):
            word: Word = "variation" if paper.source == LIBRARY or paper.id in self.hypothesis.papers else "same"
            return replace(hit, cosine=max(hit.cosine, self.tau), word=word, reason="the same words")
        if hit.cosine < self.near:
            return hit
        if paper.id in self.hypothesis.papers:
            return replace(hit, word="variation", reason="named as its ground by the hypothesis")
        if paper.source == LIBRARY:
            reason = "general knowledge, from the shipped library"
            return hit if hit.cosine < self.tau else replace(hit, word="variation", reason=reason)
        if not self.asks:
            return hit if hit.cosine < self.tau else replace(hit, word="same", reason="by the cosine alone")
        if not self.comparisons:
            return hit
        self.comparisons -= 1
        said = _ask(self.hypothesis, paper, self.run)
        return replace(hit, word=said.verdict, reason=said.reason) if said else hit

    def _known(self, hit: Hit) -> bool:
        return hit.word == "same" and hit.cosine >= self.tau and hit.paper not in self.hypothesis.papers

    def _said(self) -> tuple[Kind, str, bool]:
        told = [hit for hit in self.hits.values() if hit.word in {"same", "variation"}]
        best = max(told, key=lambda hit: (self._known(hit), hit.cosine), default=None)
        if best is None and not self.judged_by:
            return "unknown", "no papers to judge by", False
        if best is None:
            return "novel", f"nothing like it among {self.judged_by} papers", False
        kind: Kind = "known" if self._known(best) else "variation"
        newer = _newer(best.date, self.run)
        since = f"; a rediscovery: newer than the model's knowledge ({best.date})" if newer else ""
        return kind, f"{kind}: {best.paper}{since}", newer


def novelty_rule(run: Run) -> NoveltyRule:
    """What becomes of known hypotheses: as the settings say, else as the task does."""
    return run.settings.screen.novelty or run.task.novelty


def near(embedder: Embedder) -> float:
    """The cosine below which a paper is not worth a call."""
    return NEAR.get(embedder.id, 0.7 * embedder.tau)


def same_words(hypothesis: Hypothesis, paper: Paper) -> bool:
    """Whether the paper's title or finding says in the same words what the hypothesis' title or statement says."""
    mine = {" ".join(words(hypothesis.title)), " ".join(words(hypothesis.statement))}
    theirs = {" ".join(words(paper.title)), " ".join(words(paper.finding))}
    return bool((mine & theirs) - {""})


def _cosines(text: str, papers: list[Paper], run: Run) -> list[float]:
    """To each paper; a paper is embedded once in a run's life."""
    known = run.literature.vectors
    new = [paper for paper in papers if paper.id not in known]
    vectors = run.embedder.embed([text, *(f"{paper.title}. {paper.finding or paper.abstract}" for paper in new)])
    known.update(zip((paper.id for paper in new), vectors[1:], strict=True))
    return [float(known[paper.id] @ vectors[0]) for paper in papers]


def _ask(hypothesis: Hypothesis, paper: Paper, run: Run) -> Comparison | None:
    """None where the reply can't be used: the paper then counts as not compared."""
    prompt = render(HERE / "compare.j2", hypothesis=hypothesis, paper=paper)
    try:
        return run.model("extractor").ask_json(prompt, Comparison, max_tokens=200, temperature=0.0)
    except BadReply as error:
        run.say(f"{hypothesis.id}: {paper.id} could not be compared: {error}"[:300])
        return None


def _queries(look: _Look, run: Run) -> Iterator[str]:
    """The title first; then what the extractor would still look for. At most `look.rounds`, no two the same."""
    yield look.hypothesis.title
    while len(look.queries) < look.rounds:
        titles = [hit.title for hit in sorted(look.hits.values(), key=lambda hit: -hit.cosine)[:SHOWN]]
        prompt = render(HERE / "query.j2", hypothesis=look.hypothesis, queries=look.queries, titles=titles)
        try:
            said = run.model("extractor").ask_json(prompt, Query, max_tokens=100, temperature=0.0).query.strip()
        except BadReply:
            return
        if not words(said) or words(said) in [words(query) for query in look.queries]:
            return
        yield said


def _newer(date: str, run: Run) -> bool:
    """Whether the paper came out after what the model can have read; a bare year counts from its end."""
    until = run.settings.models.knowledge_until
    return until is not None and bool(date) and date[: len("2026-01-01")] > until.isoformat()[: len(date)]
