"""Searches the literature; each search is recorded with its papers, so that a resumed run doesn't repeat it."""

from __future__ import annotations

import json

from agents.literature.desk import Desk
from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from pelagos.facts.ideas import Searched
from pelagos.facts.work import Intent
from pelagos.nouns import Paper
from tools.literature.cascade import SearchResult


def search(query: str, limit: int, run: Desk) -> SearchResult:
    """Return the papers for `query`, as they were found when it was first asked in this run."""

    def ask_sources() -> tuple[Searched, Cost]:
        answer = run.literature.search(query, limit)
        papers = run.artifacts.put_json([paper.model_dump(mode="json") for paper in answer.papers])
        return Searched(query=query, answered=answer.answered, hits=len(answer.papers), papers=papers), Cost()

    fact = run.steps.made(Searched, step_key(query=query, limit=limit), Intent(query=query), Cost(), ask_sources)
    papers = json.loads(run.artifacts.text(fact.papers))
    return SearchResult([Paper.model_validate(paper) for paper in papers], fact.answered)


def without_text(paper: Paper) -> Paper:
    """Return the paper without its full text, as the ledger keeps it."""
    return paper.model_copy(update={"text": ""}) if paper.text else paper
