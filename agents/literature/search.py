"""Searches of a run, each recorded with what it found: a resumed run sees the same papers and asks nobody twice."""

from __future__ import annotations

import json

from agents.run import Run
from memory.budget import Cost
from memory.keys import step_key
from pelagos.nouns import Paper
from tools.literature.cascade import Found


def search(query: str, limit: int, run: Run) -> Found:
    """What the library gives for `query`, as it was when it was first asked in this run."""

    def look() -> tuple[dict[str, object], Cost]:
        found = run.literature.search(query, limit)
        papers = run.artifacts.put_json([paper.model_dump(mode="json") for paper in found.papers])
        return {"query": query, "answered": found.answered, "hits": len(found.papers), "papers": papers}, Cost()

    fact = run.steps.once("search", step_key(query=query, limit=limit), {"query": query}, Cost(), look)
    papers = json.loads(run.artifacts.text(fact["papers"]))
    return Found([Paper.model_validate(paper) for paper in papers], fact["answered"])


def without_text(paper: Paper) -> Paper:
    """As the ledger keeps it."""
    return paper.model_copy(update={"text": ""}) if paper.text else paper
