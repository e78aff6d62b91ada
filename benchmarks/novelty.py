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
from agents.prompt import render
from agents.run import Run
from benchmarks.literature.corpus import ABSENT, INPUT, KNOWN, METHODS, OUTPUT, SIZE, TOPIC, corpus
from benchmarks.literature.desk import Desk
from benchmarks.literature.measures import wilson
from memory.embedder import hashing, minilm
from pelagos.errors import BadReply
from pelagos.nouns import Paper
from tools.literature.bm25 import bm25
from tools.literature.source import words

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


class Judged(NamedTuple):
    """`concepts` that the idea names; `new` where it counts; `why` else."""

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
    papers = [one.paper for one in corpus(args.size)]
    desk = Desk(args.folder, minilm() if args.embedder == "minilm" else hashing(), papers, args.model)
    print("| arm | ideas | new | share (95 %) | known | repeated | names nothing planted | no reply |")
    print("|---|---|---|---|---|---|---|---|")
    for arm in args.arm:
        print(row(arm, judged(ideas(arm, args.number, desk))), flush=True)


def ideas(arm: str, number: int, desk: Desk) -> list[Idea | None]:
    """One after the other, each seeing the titles of its round before it; None for a reply that never fitted."""
    shown = shown_to(arm, desk)
    found: list[Idea | None] = []
    for place in range(number):
        since = found[place // ROUND * ROUND :]
        earlier = list(dict.fromkeys(idea.title for idea in since if idea is not None))[-EARLIER:]
        focus = shown[place % len(shown)] if shown else None
        prompt = render(TEMPLATE, topic=TOPIC, input=INPUT, output=OUTPUT, paper=focus, earlier=earlier)
        try:
            sample = 1000 * ARMS.index(arm) + place
            found.append(desk.model("ideator").ask_json(prompt, Idea, sample=sample, max_tokens=300, temperature=0.9))
        except BadReply:
            found.append(None)
    return found


def shown_to(arm: str, desk: Desk) -> list[Paper]:
    """What the ideas of an arm are built on, in turn."""
    if arm == "naive":
        return []
    if arm == "retrieval":
        return likely(desk)[:SHOWN]
    said = Attributes(input=INPUT, output=OUTPUT, others="a few hundred recordings; accuracy")
    return [ranked.paper for ranked in rank(likely(desk), said, cast(Run, desk))[:SHOWN]]


def likely(desk: Desk) -> list[Paper]:
    """The best hundred by words, in the order fused with the embedding."""
    scores = bm25(QUERY, desk.papers_)
    order = sorted(range(len(scores)), key=lambda place: -scores[place])[:100]
    return preselect(QUERY, [desk.papers_[place] for place in order], desk.embedder)


def concepts(text: str) -> frozenset[str]:
    """The planted concepts, and those of `MORE`, that a text names: by name, or by the telling words of a wording, of
    which one may be missing where there are more than `SHORT`."""
    plain, said = f" {' '.join(words(text))} ", set(words(text))
    named = {name for name in (*METHODS, *ABSENT) if f" {' '.join(words(name))} " in plain}
    for name, told in {**METHODS, **ABSENT}.items():
        telling = [{word for word in words(part) if len(word) > 4} for part in told]
        if any(part and len(part - said) <= (len(part) > SHORT) for part in telling):
            named.add(name)
    planted = frozenset(named)
    return planted or frozenset(name for name, key in MORE.items() if f" {' '.join(words(key))} " in plain)


def judged(found: Sequence[Idea | None]) -> list[Judged]:
    """In their order: an idea is measured against what is known and the ideas of its round before it."""
    seen: set[str] = set()
    verdicts = []
    for place, idea in enumerate(found):
        seen = set() if place % ROUND == 0 else seen
        named = concepts(f"{idea.title} {idea.statement}") if idea else frozenset()
        why = "no reply" if idea is None else _why(named, seen)
        verdicts.append(Judged(named, not why, why))
        seen |= named
    return verdicts


def _why(named: frozenset[str], seen: set[str]) -> str:
    if not named:
        return "nothing planted"
    if named & set(KNOWN):
        return "known"
    return "repeated" if named & seen else ""


def row(arm: str, verdicts: Sequence[Judged]) -> str:
    new, why = sum(one.new for one in verdicts), [one.why for one in verdicts]
    low, high = wilson(new, len(verdicts))
    share = f"{new / max(1, len(verdicts)):.2f} ({low:.2f} to {high:.2f})"
    rest: list[Any] = [why.count(one) for one in ("known", "repeated", "nothing planted", "no reply")]
    return f"| {arm} | {len(verdicts)} | {new} | {share} | {' | '.join(map(str, rest))} |"


if __name__ == "__main__":
    main()
