"""How like a paper is to each target's material, and in which order papers are built on.

A finding that the program has a place for is a small change there; one that is like no part of it wants a rewrite,
which a small model rarely gets to run. So the papers' rank and the likeness to their nearest target are fused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.literature.fusion import fuse
from memory.embedder import Embedder
from pelagos.nouns import Paper, RankedPaper

Likeness = Mapping[str, Mapping[str, float]]


def likeness(papers: Sequence[Paper], material: Mapping[str, str], embedder: Embedder) -> Likeness:
    """Paper id -> target -> cosine; docs/benchmarks.md says how often the nearest target is the right one."""
    texts = [f"{paper.title}. {paper.abstract} {paper.finding}" for paper in papers]
    vectors = embedder.embed([*texts, *material.values()])
    cosines = vectors[: len(papers)] @ vectors[len(papers) :].T
    return {
        paper.id: dict(zip(material, map(float, row), strict=True)) for paper, row in zip(papers, cosines, strict=True)
    }


def nearest(paper: str, targets: Sequence[str], found: Likeness) -> list[str]:
    """The targets, the one most like the paper first; of equals the earlier."""
    return sorted(targets, key=lambda target: -found[paper][target])


def by_place(papers: Sequence[RankedPaper], found: Likeness) -> list[RankedPaper]:
    """`papers` in the fused order of their rank and of their likeness to the target nearest to them."""
    if not papers:
        return []
    best = [max(found[one.paper.id].values(), default=0.0) for one in papers]
    fused = fuse([[-float(rank) for rank in range(len(papers))], best])
    return [papers[place] for place in sorted(range(len(papers)), key=lambda place: -fused[place])]
