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
from agents.literature.novelty import check_novelty, near_threshold
from agents.literature.ranking import fuse, rank
from agents.run import Run
from benchmarks.literature.corpus import ABSENT, INPUT, KNOWN, METHODS, OUTPUT, SIZE, TOPIC, Planted, make_corpus
from benchmarks.literature.desk import Desk
from benchmarks.literature.measures import compute_ndcg
from memory.embedders.embedder import hashing, minilm
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
    planted = make_corpus(args.size)
    embedder = minilm() if args.embedder == "minilm" else hashing()
    desk = Desk(args.folder, embedder, [paper.paper for paper in planted], args.model, args.scored)
    print(f"{len(planted)} papers, embedder {embedder.id}, model {args.model or 'none'}\n")
    print("| ranking | nDCG@20 |\n|---|---|", *make_ranking_rows(planted, desk), sep="\n")
    ideas = make_hypotheses()[: args.ideas]
    print("\n| hypotheses | n | nearest paper: mean cosine | at least near | at least tau |\n|---|---|---|---|---|")
    print(*make_cosine_rows(ideas, desk), sep="\n")
    if args.model:
        print(f"\n| truth | {' | '.join(KINDS)} |\n|---|---|---|---|---|", *make_verdict_rows(ideas, desk), sep="\n")


def make_ranking_rows(planted: list[Planted], desk: Desk) -> list[str]:
    papers, grades = [item.paper for item in planted], [item.grade for item in planted]
    cosines = desk.vectors() @ desk.embedder.embed([QUERY])[0]
    arms = {"BM25": bm25(QUERY, papers), "embedding": [float(cosine) for cosine in cosines]}
    arms["fused"] = fuse(list(arms.values()))
    orders = {name: sorted(range(len(papers)), key=lambda index: -scores[index]) for name, scores in arms.items()}
    rows = [f"| {name} | {compute_ndcg([grades[p] for p in order], grades):.3f} |" for name, order in orders.items()]
    if desk.spec:
        top = orders["fused"][: desk.scored]
        index_of = {papers[index].id: index for index in top}
        attributes = Attributes(input=INPUT, output=OUTPUT, others="a few hundred recordings; accuracy")
        ranked = [index_of[item.paper.id] for item in rank([papers[p] for p in top], attributes, cast(Run, desk))]
        rest = [index for index in orders["fused"] if index not in index_of.values()]
        for name, order in (("of its top, fused", top), ("of its top, by attributes", ranked)):
            order_grades = [grades[p] for p in order]
            rows.append(f"| the top {len(top)}: {name} | {compute_ndcg(order_grades, [grades[p] for p in top]):.3f} |")
        rows.append(f"| attributes, then fused | {compute_ndcg([grades[p] for p in [*ranked, *rest]], grades):.3f} |")
    return rows


def make_hypotheses() -> list[tuple[str, Hypothesis]]:
    """Return the hypotheses with their truth: known on this task, a variation (known for other tasks alone), novel; in turn."""
    kinds = {
        "known": {name: METHODS[name] for name in KNOWN},
        "variation": {name: wordings for name, wordings in METHODS.items() if name not in KNOWN},
        "novel": ABSENT,
    }
    ideas = {kind: [_make_idea(kind, *entry) for entry in wordings.items()] for kind, wordings in kinds.items()}
    return [(kind, ideas[kind][index]) for index in range(10) for kind in kinds]


def _make_idea(kind: str, name: str, wordings: tuple[str, str]) -> Hypothesis:
    return Hypothesis(
        id=f"{kind}-{name}",
        title=f"{wordings[0][0].upper()}{wordings[0][1:]}",
        statement=f"Use {wordings[0]}, that is {wordings[1]}, to tell activities apart in wearable sensor series.",
        rationale="It may help.",
        predicted_effect=0.01,
        refuted_by="no gain",
        target="model",
    )


def make_cosine_rows(ideas: list[tuple[str, Hypothesis]], desk: Desk) -> list[str]:
    """Return the rows on the nearest of all papers, by cosine alone."""
    vectors = desk.embedder.embed([f"{idea.title}. {idea.statement}" for _, idea in ideas])
    nearest = (vectors @ desk.vectors().T).max(axis=1)
    rows = []
    for kind in ("known", "variation", "novel"):
        cosines = [float(value) for (truth, _), value in zip(ideas, nearest, strict=True) if truth == kind]
        counts = [
            sum(value >= edge for value in cosines) for edge in (near_threshold(desk.embedder), desk.embedder.tau)
        ]
        mean = sum(cosines) / max(1, len(cosines))
        rows.append(f"| {kind} | {len(cosines)} | {mean:.3f} | {counts[0]} | {counts[1]} |")
    return rows


def make_verdict_rows(ideas: list[tuple[str, Hypothesis]], desk: Desk) -> list[str]:
    """Return the loop's own verdicts, a row per truth."""
    counts_of_truth: dict[str, Counter[Any]] = {kind: Counter() for kind in ("known", "variation", "novel")}
    for truth, idea in ideas:
        counts_of_truth[truth][check_novelty(idea, cast(Run, desk)).kind] += 1
    return [
        f"| {truth} | {' | '.join(str(counts[kind]) for kind in KINDS)} |" for truth, counts in counts_of_truth.items()
    ]


if __name__ == "__main__":
    main()
