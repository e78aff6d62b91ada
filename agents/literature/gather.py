"""Gathers papers for a task: the corpus, and live sources by queries of three kinds until there are enough.

The kinds, in turn: the topic, the task's attributes, and words of methods. A strong model writes the last ones, with
the best titles so far before its eyes; for a small one the topic's words with those of the findings at hand will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.attributes import Attributes
from agents.literature.search import search
from agents.prompt import render
from agents.run import Run
from pelagos.errors import BadReply
from pelagos.nouns import Paper
from tools.literature.bm25 import bm25
from tools.literature.source import distinct, words

TEMPLATE = Path(__file__).with_name("queries.j2")
FROM_CORPUS = 200
TITLES = 10
WORDS = 6


class Queries(BaseModel):
    """Searches by words of methods."""

    model_config = ConfigDict(extra="forbid")

    queries: list[str] = Field(min_length=1, max_length=6)


def gather(attributes: Attributes, run: Run) -> list[Paper]:
    """The best of the corpus by words and, from live sources, up to `survey.papers`; each paper once."""
    brief = run.toolchain.brief(run.task, run)
    corpus = run.literature.corpus.papers
    scores = bm25(f"{brief.topic} {brief.description} {attributes.input} {attributes.output}", corpus)
    order = sorted(range(len(corpus)), key=lambda place: -scores[place])
    here = [corpus[place] for place in order[:FROM_CORPUS]]
    live = _live(here, attributes, run) if run.literature.live else []
    if run.literature.live and not live:
        run.say(f"literature: offline, judged against {len(corpus)} local papers")
    return distinct([*here, *live])


def _live(here: list[Paper], attributes: Attributes, run: Run) -> list[Paper]:
    wanted = run.settings.survey.papers
    found: list[Paper] = []
    for query in _queries(here, found, attributes, run):
        fresh = [paper for paper in search(query, wanted, run).papers if paper.source != "corpus"]
        found[:] = distinct([*found, *fresh])
        if len(found) >= wanted:
            break
    return found[:wanted]


def _queries(here: list[Paper], found: list[Paper], attributes: Attributes, run: Run) -> Iterator[str]:
    """One after the other; `found` grows meanwhile."""
    topic = run.toolchain.brief(run.task, run).topic
    yield topic
    if attributes.input or attributes.output:
        yield f"{attributes.input} {attributes.output}"
    if run.literature.offline:
        return
    yield from _by_method(topic, [*found, *here], attributes, run)


def _by_method(topic: str, papers: list[Paper], attributes: Attributes, run: Run) -> list[str]:
    mind = run.model("extractor")
    if mind.strong:
        titles = [paper.title for paper in papers[:TITLES]]
        prompt = render(TEMPLATE, topic=topic, attributes=attributes, titles=titles)
        try:
            return mind.ask_json(prompt, Queries, max_tokens=300, temperature=0.0).queries
        except BadReply as error:
            run.say(f"survey: no queries in the reply, words of the papers stand in: {error}")
    common = set(words(f"{topic} {attributes.input} {attributes.output}"))
    held = Counter(word for paper in papers for word in set(words(f"{paper.title} {paper.finding}")))
    telling = [word for word, _ in held.most_common() if len(word) > 4 and word not in common]
    return [f"{topic} {' '.join(telling[:WORDS])}"] if telling else []
