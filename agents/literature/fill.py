"""Findings of the shipped library, where a task's own literature is thin."""

from __future__ import annotations

from agents.literature.ranking import preselect, unscored
from agents.run import Run
from pelagos.nouns import Paper, RankedPaper
from tools.literature.general import library
from tools.literature.source import words

ENOUGH = 20


def fill(found: list[Paper], query: str, run: Run) -> list[RankedPaper]:
    """The library's best by words and embedding, where fewer than `ENOUGH` papers were found; they come after those.

    For a strong model, which sees all findings at once, they make up `ENOUGH` in all; for a small one, whose hypotheses
    take a finding each, `survey.papers`. They aren't scored: whether they are about this very topic is no question.
    """
    if not run.settings.survey.fill or len(found) >= ENOUGH:
        return []
    most = run.settings.survey.papers
    wanted = min(ENOUGH, most) if run.model("extractor").strong else most
    titles = {_title(paper) for paper in found}
    fresh = [paper for paper in library() if _title(paper) not in titles]
    best = preselect(query, fresh, run.embedder)[: max(0, wanted - len(found))]
    if best:
        before = f"after the {len(found)} papers that were found" if found else "in place of papers"
        run.say(f"survey: {len(best)} general findings of the shipped library stand in, {before}")
    return [unscored(paper, "general knowledge, from the shipped library") for paper in best]


def _title(paper: Paper) -> str:
    return " ".join(words(paper.title))
