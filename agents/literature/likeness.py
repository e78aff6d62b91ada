"""Computes how similar papers are to each target's material, and the order in which papers are built on.

A finding that fits a part of the program is a small change there; one that resembles no part needs a rewrite, which a
small model rarely gets to run. So the papers' rank is fused with the similarity to their nearest target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.literature.fusion import fuse
from memory.embedders.embedder import Embedder
from pelagos.nouns import Paper, RankedPaper

Likeness = Mapping[str, Mapping[str, float]]


def compare_papers(papers: Sequence[Paper], material: Mapping[str, str], embedder: Embedder) -> Likeness:
    """Return paper id -> target -> cosine. docs/benchmarks.md says how often the nearest target is the right one."""
    texts = [f"{paper.title}. {paper.abstract} {paper.finding}" for paper in papers]
    vectors = embedder.embed([*texts, *material.values()])
    cosines = vectors[: len(papers)] @ vectors[len(papers) :].T
    return {
        paper.id: dict(zip(material, map(float, row), strict=True)) for paper, row in zip(papers, cosines, strict=True)
    }


def sort_targets(paper: str, targets: Sequence[str], likenesses: Likeness) -> list[str]:
    """Return the targets, the one most similar to the paper first; ties keep their order."""
    return sorted(targets, key=lambda target: -likenesses[paper][target])


def sort_papers(papers: Sequence[RankedPaper], likenesses: Likeness) -> list[RankedPaper]:
    """Return `papers` in the fused order of their rank and of their similarity to the nearest target."""
    if not papers:
        return []
    highest = [max(likenesses[ranked.paper.id].values(), default=0.0) for ranked in papers]
    fused = fuse([[-float(rank) for rank in range(len(papers))], highest])
    return [papers[index] for index in sorted(range(len(papers)), key=lambda index: -fused[index])]
