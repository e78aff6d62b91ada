"""The conformance check of a source of papers."""

from __future__ import annotations

from typing import Any

from agents.testing.findings import Findings
from pelagos.nouns import Paper
from pelagos.protocols import find_misfits
from tools.literature.source import Source

LIMIT = 3


def check_source(source: Any, query: str) -> list[str]:
    """Return what to mend: members and how they are called, and what a search for `query` gives, which should have
    results. Let the source ask a server of your own, never the world."""
    findings = Findings(find_misfits(source, Source))
    if findings.lines:
        return findings.lines
    papers: list[Any] = []
    with findings.step(f"search({query!r}, {LIMIT})"):
        papers = source.search(query, LIMIT)
        findings.demand(bool(papers), f"search({query!r}, {LIMIT}) finds nothing; name a query with results")
        findings.demand(len(papers) <= LIMIT, f"search gives {len(papers)} papers where {LIMIT} were asked for")
    for paper in papers:
        _check_paper(paper, source.name, findings)
    with findings.step("search('', 3)"):
        source.search("", LIMIT)
    if papers and not findings.lines:
        with findings.step("fetch"):
            whole = source.fetch(papers[0])
            findings.demand(
                isinstance(whole, Paper) and whole.id == papers[0].id, "fetch gives another paper than it was given"
            )
    return list(dict.fromkeys(findings.lines))


def _check_paper(paper: Any, name: str, findings: Findings) -> None:
    if not isinstance(paper, Paper):
        findings.add(f"search gives {type(paper).__name__}; give pelagos.nouns.Paper")
        return
    findings.demand(bool(paper.id and paper.title), "search gives a paper without an id or a title; leave it out")
    findings.demand(paper.source == name, f"search gives a paper of source {paper.source!r}; write source={name!r}")
