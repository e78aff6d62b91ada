"""Ranks papers for a task: first by words and embedding, then the top ones by the extractor, one paper per call.

Dolphin (arXiv 2501.03916, section 3.1) scores on topic and on task attributes and keeps 8 and above. Before that, here,
reciprocal rank fusion (Cormack et al. 2009) picks the candidates. A paper's text is shown only to calls of its own,
whose replies fill one schema or are one word: it can't influence another paper's score.

By default ("auto") only a strong model is asked: among the first papers of the fused ranking, from which the used ones
come, a small model's scores gained nothing (docs/benchmarks.md). A small model gives every paper 10 and 10. If the
settings ask for its scores all the same, a score is ten times P(Yes), as for a verifier's step; such scores rank and
don't measure, so none of its papers is cut. The two questions about a paper are asked one after the other, so that the
second reuses the cached prompt of the first. A paper that is kept whatever its score isn't scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.attributes import Attributes
from agents.literature.fusion import fuse
from agents.literature.search import without_text
from agents.run import Run
from memory.steps.parallel import map_in_parallel
from pelagos.errors import BadReply
from pelagos.nouns import Paper, RankedPaper
from tools.literature.bm25 import bm25
from tools.prompt import render

if TYPE_CHECKING:
    from memory.embedders.embedder import Embedder

TEMPLATE = Path(__file__).with_name("score.j2")
YES_NO = Path(__file__).with_name("fits.j2")
MIN_PAPERS = 3
PASSAGE_CHARS = 800


class Assessment(BaseModel):
    """One paper beside the task. The reason comes first, so that the scores follow it."""

    model_config = ConfigDict(extra="forbid")

    finding: str = Field(max_length=1500)
    reason: str = Field(max_length=1500)
    topic: int = Field(ge=1, le=10)
    attributes: int = Field(ge=1, le=10)


def preselect(query: str, papers: list[Paper], embedder: Embedder) -> list[Paper]:
    """Return all papers, best first by the fused ranks of BM25 and of the cosine to `query`; ties keep their order."""
    if not papers:
        return []
    vectors = embedder.embed([query, *(f"{paper.title}. {paper.finding} {paper.abstract}" for paper in papers)])
    fused = fuse([bm25(query, papers), [float(cosine) for cosine in vectors[1:] @ vectors[0]]])
    return [papers[index] for index in sorted(range(len(papers)), key=lambda index: -fused[index])]


def asks_model(run: Run) -> bool:
    """Whether the extractor is asked anything in the survey. A small one is asked only if the settings say so."""
    return run.settings.survey.ranking != "auto" or run.model("extractor").strong


def scores_papers(papers: list[Paper], run: Run) -> bool:
    """Whether the extractor scores these papers. It doesn't if all of them are kept anyway."""
    survey = run.settings.survey
    open_cut = survey.keep <= 1 and run.model("extractor").strong
    return survey.ranking != "none" and asks_model(run) and len(papers) > MIN_PAPERS and not open_cut


def unscored(paper: Paper, reason: str = "not scored") -> RankedPaper:
    return RankedPaper(paper=without_text(paper), topic=0, attributes=0, reason=reason)


def rank(papers: list[Paper], attributes: Attributes, run: Run) -> list[RankedPaper]:
    """Return the first `survey.scored` papers, best first by `survey.ranking`; ties keep their order. If no model is
    asked, return all papers in their order."""
    top = papers[: run.settings.survey.scored] if asks_model(run) else papers
    if not scores_papers(top, run):
        return [unscored(paper) for paper in top]
    full_texts = run.settings.literature.full_text
    top = [*(run.literature.fetch(paper) for paper in top[:full_texts]), *top[full_texts:]]
    workers = run.settings.models.slots_for_role("extractor") if run.model("extractor").strong else 1
    ranked = map_in_parallel(workers, lambda paper: _assess(paper, attributes, run), top)
    return sorted(ranked, key=lambda ranked_paper: -score_of(ranked_paper, run))


def score_of(ranked: RankedPaper, run: Run) -> float:
    """Return the score that decides: the lower of both, or the topic's only."""
    return ranked.topic if run.settings.survey.ranking == "topic" else ranked.score


def best_passage(text: str, query: str) -> str:
    """Return the passage of a full text that matches the query best by BM25."""
    pieces = [text[start : start + PASSAGE_CHARS] for start in range(0, len(text), PASSAGE_CHARS)]
    scores = bm25(query, [Paper(id=str(number), title="", abstract=piece) for number, piece in enumerate(pieces)])
    return pieces[max(range(len(pieces)), key=scores.__getitem__)] if pieces else ""


def _assess(paper: Paper, attributes: Attributes, run: Run) -> RankedPaper:
    """Score one paper. A paper whose scoring fails gets 1 and 1, the lowest scores."""
    topic = run.toolchain.brief(run.task, run).topic
    passage = best_passage(paper.text, f"{topic} {attributes.input} {attributes.output}")
    variables = {"topic": topic, "attributes": attributes, "paper": paper, "passage": passage}
    listed = without_text(paper)
    try:
        return (
            _score_by_schema(listed, variables, run)
            if run.model("extractor").strong
            else _score_by_probability(listed, variables, run)
        )
    except BadReply as error:
        return RankedPaper(paper=listed, topic=1, attributes=1, reason=f"not scored: {error}"[:300])


def _score_by_schema(listed: Paper, variables: Mapping[str, Any], run: Run) -> RankedPaper:
    assessment = run.model("extractor").ask_json(
        render(TEMPLATE, **variables), Assessment, max_tokens=300, temperature=0.0
    )
    with_finding = listed if listed.finding else listed.model_copy(update={"finding": assessment.finding})
    return RankedPaper(
        paper=with_finding, topic=assessment.topic, attributes=assessment.attributes, reason=assessment.reason
    )


def _score_by_probability(listed: Paper, variables: Mapping[str, Any], run: Run) -> RankedPaper:
    """Score one paper by ten times P(Yes)."""
    prompts = {about: render(YES_NO, about=about, **variables) for about in ("topic", "attributes")}
    scores = {about: round(10 * run.model("extractor").probability(asked), 2) for about, asked in prompts.items()}
    return RankedPaper(paper=listed, reason="by the model's P(Yes), which ranks and doesn't measure", **scores)
