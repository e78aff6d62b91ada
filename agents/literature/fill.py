"""Adds findings of the shipped library if few papers were found for a task."""

from __future__ import annotations

from agents.literature.ranking import preselect, unscored
from agents.run import Run
from pelagos.nouns import Paper, RankedPaper
from tools.abilities import Proposing
from tools.literature.findings_library import load_library
from tools.literature.source import tokenize

ENOUGH_PAPERS = 20


def fill_from_library(papers: list[Paper], query: str, run: Run) -> list[RankedPaper]:
    """Return the library's best findings by words and embedding if fewer than `ENOUGH_PAPERS` papers were found; they
    come after those.

    For a strong model, which sees all findings at once, they bring the total to `ENOUGH_PAPERS`; for a small one, whose
    hypotheses take one finding each, to `survey.papers`. They aren't scored, since they are general by design. Where
    hypotheses come from the data, none are used.
    """
    if isinstance(run.toolchain, Proposing) or not run.settings.survey.fill or len(papers) >= ENOUGH_PAPERS:
        return []
    limit = run.settings.survey.papers
    wanted_number = min(ENOUGH_PAPERS, limit) if run.model("extractor").strong else limit
    titles = {_title(paper) for paper in papers}
    fresh = [paper for paper in load_library() if _title(paper) not in titles]
    best = preselect(query, fresh, run.embedder)[: max(0, wanted_number - len(papers))]
    if best:
        place = f"after the {len(papers)} papers that were found" if papers else "in place of papers"
        run.say(f"survey: {len(best)} general findings of the shipped library are used {place}")
    return [unscored(paper, "general knowledge, from the shipped library") for paper in best]


def _title(paper: Paper) -> str:
    return " ".join(tokenize(paper.title))
