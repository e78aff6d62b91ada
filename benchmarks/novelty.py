"""`python -m benchmarks.novelty --arm naive|retrieval|attributes [--number 60]`: how many ideas are new.

Dolphin's Table 3 (arXiv 2501.03916), repeated with a truth by construction: an idea is mapped to the planted concepts
whose words it names (`benchmarks.literature.corpus`). It counts where it names one, none of which is known on the task
or was named by an earlier one of its twenty; then the arm begins anew, as a run of its own would. As in the loop with a
small model, an idea is built on one paper at a time: on none, in turn on the twenty best by words and embedding, or on
the twenty best by topic and attributes. Resumable: what was answered is not asked again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.attributes import Attributes
from agents.literature.ranking import preselect, rank
from agents.run import Run
from benchmarks.literature.corpus import ABSENT, INPUT, KNOWN, METHODS, OUTPUT, SIZE, TOPIC, make_corpus
from benchmarks.literature.desk import Desk
from benchmarks.literature.measures import wilson_interval
from memory.embedders.embedder import hashing, minilm
from pelagos.errors import BadReply
from pelagos.nouns import Paper
from tools.literature.bm25 import bm25
from tools.literature.source import tokenize
from tools.prompt import render

ARMS = ("naive", "retrieval", "attributes")
TEMPLATE = Path(__file__).parent / "literature" / "idea.j2"
SHOWN, EARLIER, ROUND, SHORT = 20, 12, 20, 3
QUERY = f"{TOPIC} {INPUT} {OUTPUT}"
MORE = {
    "learning rate": "learning-rate schedule", "batch size": "batch size", "batch normalisation": "batch normalization",
    "weight decay": "weight decay", "l2": "l2 regularization", "lstm": "lstm", "gru": "gru", "transformer": "transformer",
    "data augmentation": "augmentation", "noise": "noise", "warm-up": "warmup", "transfer": "transfer learning",
    "self-attention": "self attention", "multi-head": "multi head", "bidirectional": "bidirectional", "adam": "adam",
    "pooling": "pooling", "fourier": "fourier", "recurrent": "recurrent", "graph network": "graph neural",
    "autoencoder": "autoencoder", "feature selection": "feature selection", "class weights": "class weight",
}  # fmt: skip
"""Concepts beyond the planted ones that a model names often; none is planted as known."""


class Idea(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=3, max_length=300)
    statement: str = Field(min_length=10, max_length=1500)


class Judgement(NamedTuple):
    """The `concepts` that the idea names; whether it counts as `new`, and `why` not."""

    concepts: frozenset[str]
    new: bool
    why: str


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arm", choices=ARMS, nargs="*", default=list(ARMS))
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--model", default="embedded", help="model spec")
    parser.add_argument("--embedder", choices=("minilm", "hashing"), default="minilm")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-novelty"))
    args = parser.parse_args(argv)
    papers = [planted.paper for planted in make_corpus(args.size)]
    desk = Desk(args.folder, minilm() if args.embedder == "minilm" else hashing(), papers, args.model)
    print("| arm | ideas | new | share (95 %) | known | repeated | names nothing planted | no reply |")
    print("|---|---|---|---|---|---|---|---|")
    for arm in args.arm:
        print(make_row(arm, judge_ideas(ask_ideas(arm, args.number, desk))), flush=True)


def ask_ideas(arm: str, number: int, desk: Desk) -> list[Idea | None]:
    """Ask for ideas one after the other, each with the titles of its round before it; None if no reply fitted."""
    papers = choose_papers(arm, desk)
    ideas: list[Idea | None] = []
    for index in range(number):
        round_ideas = ideas[index // ROUND * ROUND :]
        earlier = list(dict.fromkeys(idea.title for idea in round_ideas if idea is not None))[-EARLIER:]
        paper = papers[index % len(papers)] if papers else None
        prompt = render(TEMPLATE, topic=TOPIC, input=INPUT, output=OUTPUT, paper=paper, earlier=earlier)
        try:
            sample = 1000 * ARMS.index(arm) + index
            ideas.append(desk.model("ideator").ask_json(prompt, Idea, sample=sample, max_tokens=300, temperature=0.9))
        except BadReply:
            ideas.append(None)
    return ideas


def choose_papers(arm: str, desk: Desk) -> list[Paper]:
    """Return the papers that the ideas of an arm are built on, in turn."""
    if arm == "naive":
        return []
    if arm == "retrieval":
        return preselect_papers(desk)[:SHOWN]
    attributes = Attributes(input=INPUT, output=OUTPUT, others="a few hundred recordings; accuracy")
    return [ranked.paper for ranked in rank(preselect_papers(desk), attributes, cast(Run, desk))[:SHOWN]]


def preselect_papers(desk: Desk) -> list[Paper]:
    """Return the best hundred papers by words, in the order fused with the embedding."""
    scores = bm25(QUERY, desk.papers_)
    order = sorted(range(len(scores)), key=lambda index: -scores[index])[:100]
    return preselect(QUERY, [desk.papers_[index] for index in order], desk.embedder)


def find_concepts(text: str) -> frozenset[str]:
    """Return the planted concepts, or else those of `MORE`, that a text names: by name, or by the telling words of a wording, of
    which one may be missing where there are more than `SHORT`."""
    text_words, words = f" {' '.join(tokenize(text))} ", set(tokenize(text))
    named = {name for name in (*METHODS, *ABSENT) if f" {' '.join(tokenize(name))} " in text_words}
    for name, wordings in {**METHODS, **ABSENT}.items():
        telling = [{word for word in tokenize(part) if len(word) > 4} for part in wordings]
        if any(part and len(part - words) <= (len(part) > SHORT) for part in telling):
            named.add(name)
    planted = frozenset(named)
    return planted or frozenset(name for name, key in MORE.items() if f" {' '.join(tokenize(key))} " in text_words)


def judge_ideas(ideas: Sequence[Idea | None]) -> list[Judgement]:
    """Judge the ideas in their order: each is compared with what is known and the ideas of its round before it."""
    named_before: set[str] = set()
    verdicts = []
    for index, idea in enumerate(ideas):
        named_before = set() if index % ROUND == 0 else named_before
        named = find_concepts(f"{idea.title} {idea.statement}") if idea else frozenset()
        why = "no reply" if idea is None else _explain(named, named_before)
        verdicts.append(Judgement(named, not why, why))
        named_before |= named
    return verdicts


def _explain(named: frozenset[str], seen: set[str]) -> str:
    if not named:
        return "nothing planted"
    if named & set(KNOWN):
        return "known"
    return "repeated" if named & seen else ""


def make_row(arm: str, judgements: Sequence[Judgement]) -> str:
    new, why = sum(judgement.new for judgement in judgements), [judgement.why for judgement in judgements]
    low, high = wilson_interval(new, len(judgements))
    share = f"{new / max(1, len(judgements)):.2f} ({low:.2f} to {high:.2f})"
    other_counts: list[Any] = [
        why.count(judgement) for judgement in ("known", "repeated", "nothing planted", "no reply")
    ]
    return f"| {arm} | {len(judgements)} | {new} | {share} | {' | '.join(map(str, other_counts))} |"


if __name__ == "__main__":
    main()
