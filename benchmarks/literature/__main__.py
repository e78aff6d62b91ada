"""`python -m benchmarks.literature [--model SPEC]`: rankings and novelty verdicts on a made-up library of 2,000 papers.

Without a model: nDCG@20 of BM25, of the embedding, and of both fused; and how far cosines alone tell known hypotheses
from novel ones. With one: its attribute scores on the top of the fused ranking, and the whole novelty verdict.
Resumable: run again with the same folder, what was answered is not asked again.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from agents.literature.attributes import Attributes
from agents.literature.novelty import near, novelty
from agents.literature.ranking import fuse, rank
from agents.run import Run
from benchmarks.literature.corpus import ABSENT, INPUT, KNOWN, METHODS, OUTPUT, SIZE, TOPIC, Planted, corpus
from benchmarks.literature.desk import Desk
from benchmarks.literature.measures import ndcg
from memory.embedder import hashing, minilm
from pelagos.nouns import Hypothesis
from tools.literature.bm25 import bm25

KINDS = ("novel", "variation", "known", "unknown")
QUERY = f"{TOPIC} {INPUT} {OUTPUT}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=None, help="model spec; none: what needs no model")
    parser.add_argument("--embedder", choices=("minilm", "hashing"), default="minilm")
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--scored", type=int, default=50, help="candidates the model scores")
    parser.add_argument("--ideas", type=int, default=30, help="hypotheses judged, at most 30")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-literature"))
    args = parser.parse_args(argv)
    planted = corpus(args.size)
    embedder = minilm() if args.embedder == "minilm" else hashing()
    desk = Desk(args.folder, embedder, [one.paper for one in planted], args.model, args.scored)
    print(f"{len(planted)} papers, embedder {embedder.id}, model {args.model or 'none'}\n")
    print("| ranking | nDCG@20 |\n|---|---|", *ranking_rows(planted, desk), sep="\n")
    ideas = hypotheses()[: args.ideas]
    print("\n| hypotheses | n | nearest paper: mean cosine | at least near | at least tau |\n|---|---|---|---|---|")
    print(*cosine_rows(ideas, desk), sep="\n")
    if args.model:
        print(f"\n| truth | {' | '.join(KINDS)} |\n|---|---|---|---|---|", *verdict_rows(ideas, desk), sep="\n")


def ranking_rows(planted: list[Planted], desk: Desk) -> list[str]:
    papers, grades = [one.paper for one in planted], [one.grade for one in planted]
    cosines = desk.vectors() @ desk.embedder.embed([QUERY])[0]
    arms = {"BM25": bm25(QUERY, papers), "embedding": [float(cosine) for cosine in cosines]}
    arms["fused"] = fuse(list(arms.values()))
    orders = {name: sorted(range(len(papers)), key=lambda place: -scores[place]) for name, scores in arms.items()}
    rows = [f"| {name} | {ndcg([grades[p] for p in order], grades):.3f} |" for name, order in orders.items()]
    if desk.spec:
        top = orders["fused"][: desk.scored]
        place_of = {papers[place].id: place for place in top}
        said = Attributes(input=INPUT, output=OUTPUT, others="a few hundred recordings; accuracy")
        ranked = [place_of[one.paper.id] for one in rank([papers[p] for p in top], said, cast(Run, desk))]
        rest = [place for place in orders["fused"] if place not in place_of.values()]
        for name, order in (("of its top, fused", top), ("of its top, by attributes", ranked)):
            found = [grades[p] for p in order]
            rows.append(f"| the top {len(top)}: {name} | {ndcg(found, [grades[p] for p in top]):.3f} |")
        rows.append(f"| attributes, then fused | {ndcg([grades[p] for p in [*ranked, *rest]], grades):.3f} |")
    return rows


def hypotheses() -> list[tuple[str, Hypothesis]]:
    """With their truth: known on this task, a variation (known for other tasks alone), novel; in turn."""
    kinds = {
        "known": {name: METHODS[name] for name in KNOWN},
        "variation": {name: told for name, told in METHODS.items() if name not in KNOWN},
        "novel": ABSENT,
    }
    ideas = {kind: [_idea(kind, *one) for one in told.items()] for kind, told in kinds.items()}
    return [(kind, ideas[kind][place]) for place in range(10) for kind in kinds]


def _idea(kind: str, name: str, told: tuple[str, str]) -> Hypothesis:
    return Hypothesis(
        id=f"{kind}-{name}",
        title=f"{told[0][0].upper()}{told[0][1:]}",
        statement=f"Use {told[0]}, that is {told[1]}, to tell activities apart in wearable sensor series.",
        rationale="It may help.",
        predicted_effect=0.01,
        refuted_by="no gain",
        target="model",
    )


def cosine_rows(ideas: list[tuple[str, Hypothesis]], desk: Desk) -> list[str]:
    """The nearest of all papers, by cosine alone."""
    asked = desk.embedder.embed([f"{idea.title}. {idea.statement}" for _, idea in ideas])
    best = (asked @ desk.vectors().T).max(axis=1)
    rows = []
    for kind in ("known", "variation", "novel"):
        mine = [float(value) for (truth, _), value in zip(ideas, best, strict=True) if truth == kind]
        counts = [sum(value >= edge for value in mine) for edge in (near(desk.embedder), desk.embedder.tau)]
        mean = sum(mine) / max(1, len(mine))
        rows.append(f"| {kind} | {len(mine)} | {mean:.3f} | {counts[0]} | {counts[1]} |")
    return rows


def verdict_rows(ideas: list[tuple[str, Hypothesis]], desk: Desk) -> list[str]:
    """The loop's own verdicts: a row per truth."""
    found: dict[str, Counter[Any]] = {kind: Counter() for kind in ("known", "variation", "novel")}
    for truth, idea in ideas:
        found[truth][novelty(idea, cast(Run, desk)).kind] += 1
    return [f"| {truth} | {' | '.join(str(counts[kind]) for kind in KINDS)} |" for truth, counts in found.items()]


if __name__ == "__main__":
    main()
