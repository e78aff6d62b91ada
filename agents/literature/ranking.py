"""Ranks papers for a task: first by words and embedding, then the top ones by the extractor, one paper per call.

Dolphin (arXiv 2501.03916, section 3.1) scores on topic and on task attributes and keeps 8 and above. What stands before
it here, reciprocal rank fusion (Cormack et al. 2009), picks the candidates. A paper's text reaches calls of its own
alone, whose replies fill one schema or are one word: it can't touch another paper's score.

By default ("auto") only a strong model is asked: among the first papers of the fused ranking, from which those that
are used come, a small model's word brought nothing (docs/benchmarks.md). A small model gives every paper 10 and 10.
Where the settings want its word all the same, a score is ten times P(Yes), as a verifier's step is scored; such scores
rank and don't measure, so none of its papers is cut. Both questions about a paper follow one another: the second one
shares the reading of the first. A paper that goes on whatever its score would be isn't asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.attributes import Attributes
from agents.literature.fusion import fuse
from agents.literature.search import without_text
from agents.prompt import render
from agents.run import Run
from agents.serving import in_parallel
from pelagos.errors import BadReply
from pelagos.nouns import Paper, RankedPaper
from tools.literature.bm25 import bm25

if TYPE_CHECKING:
    from memory.embedder import Embedder

TEMPLATE = Path(__file__).with_name("score.j2")
YES_NO = Path(__file__).with_name("fits.j2")
FLOOR = 3
PASSAGE = 800


class Assessment(BaseModel):
    """One paper beside the task. The reason comes first, so that the scores follow it."""

    model_config = ConfigDict(extra="forbid")

    finding: str = Field(max_length=1500)
    reason: str = Field(max_length=1500)
    topic: int = Field(ge=1, le=10)
    attributes: int = Field(ge=1, le=10)


def preselect(query: str, papers: list[Paper], embedder: Embedder) -> list[Paper]:
    """All of them, best first by the fused ranks of BM25 and of the cosine to `query`; ties in the order they came."""
    if not papers:
        return []
    vectors = embedder.embed([query, *(f"{paper.title}. {paper.finding} {paper.abstract}" for paper in papers)])
    fused = fuse([bm25(query, papers), [float(cosine) for cosine in vectors[1:] @ vectors[0]]])
    return [papers[place] for place in sorted(range(len(papers)), key=lambda place: -fused[place])]


def asks(run: Run) -> bool:
    """Whether the extractor is asked anything in the survey: not a small one, unless the settings want it."""
    return run.settings.survey.ranking != "auto" or run.model("extractor").strong


def scores(papers: list[Paper], run: Run) -> bool:
    """Whether the extractor scores these papers: not where all of them go on anyway."""
    survey = run.settings.survey
    open_cut = survey.keep <= 1 and run.model("extractor").strong
    return survey.ranking != "none" and asks(run) and len(papers) > FLOOR and not open_cut


def unscored(paper: Paper, reason: str = "not scored") -> RankedPaper:
    return RankedPaper(paper=without_text(paper), topic=0, attributes=0, reason=reason)


def rank(papers: list[Paper], attributes: Attributes, run: Run) -> list[RankedPaper]:
    """The first `survey.scored` of them, best first by `survey.ranking`; of equals the earlier. Where nobody is
    asked, all of them as they came."""
    top = papers[: run.settings.survey.scored] if asks(run) else papers
    if not scores(top, run):
        return [unscored(paper) for paper in top]
    whole = run.settings.literature.full_text
    top = [*(run.literature.fetch(paper) for paper in top[:whole]), *top[whole:]]
    workers = run.settings.models.slots_of("extractor") if run.model("extractor").strong else 1
    ranked = in_parallel(workers, lambda paper: _assess(paper, attributes, run), top)
    return sorted(ranked, key=lambda one: -mark(one, run))


def mark(ranked: RankedPaper, run: Run) -> float:
    """What decides: the lower of both scores, or the topic's alone."""
    return ranked.topic if run.settings.survey.ranking == "topic" else ranked.score


def passage(text: str, query: str) -> str:
    """The piece of a full text that has most to do with the query."""
    pieces = [text[start : start + PASSAGE] for start in range(0, len(text), PASSAGE)]
    scores = bm25(query, [Paper(id=str(number), title="", abstract=piece) for number, piece in enumerate(pieces)])
    return pieces[max(range(len(pieces)), key=scores.__getitem__)] if pieces else ""


def _assess(paper: Paper, attributes: Attributes, run: Run) -> RankedPaper:
    """A paper whose scoring fails gets 1 and 1: the least."""
    topic = run.toolchain.brief(run.task, run).topic
    near = passage(paper.text, f"{topic} {attributes.input} {attributes.output}")
    shown = {"topic": topic, "attributes": attributes, "paper": paper, "passage": near}
    kept = without_text(paper)
    try:
        return _read(kept, shown, run) if run.model("extractor").strong else _felt(kept, shown, run)
    except BadReply as error:
        return RankedPaper(paper=kept, topic=1, attributes=1, reason=f"not scored: {error}"[:300])


def _read(kept: Paper, shown: Mapping[str, Any], run: Run) -> RankedPaper:
    said = run.model("extractor").ask_json(render(TEMPLATE, **shown), Assessment, max_tokens=300, temperature=0.0)
    found = kept if kept.finding else kept.model_copy(update={"finding": said.finding})
    return RankedPaper(paper=found, topic=said.topic, attributes=said.attributes, reason=said.reason)


def _felt(kept: Paper, shown: Mapping[str, Any], run: Run) -> RankedPaper:
    """By P(Yes)."""
    prompts = {about: render(YES_NO, about=about, **shown) for about in ("topic", "attributes")}
    felt = {about: round(10 * run.model("extractor").probability(asked), 2) for about, asked in prompts.items()}
    return RankedPaper(paper=kept, reason="by the model's P(Yes), which ranks and doesn't measure", **felt)
