"""Gathers papers for a task: from the corpus, and from live sources by queries of three kinds until there are enough.

The kinds, in order: the topic, the task's attributes, and names of methods. A strong model writes the last kind and is
shown the best titles so far; for a small model, words of the topic and of the findings so far are used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agents.literature.attributes import Attributes
from agents.literature.search import search
from agents.run import Run
from pelagos.errors import BadReply
from pelagos.nouns import Paper
from tools.literature.bm25 import bm25
from tools.literature.source import remove_duplicates, tokenize
from tools.prompt import render

TEMPLATE = Path(__file__).with_name("queries.j2")
FROM_CORPUS = 200
TITLES = 10
WORDS = 6


class Queries(BaseModel):
    """Searches by words of methods."""

    model_config = ConfigDict(extra="forbid")

    queries: list[str] = Field(min_length=1, max_length=6)


def gather_papers(attributes: Attributes, run: Run) -> list[Paper]:
    """Return the best of the corpus by words and up to `survey.papers` from live sources, each paper once."""
    brief = run.toolchain.brief(run.task, run)
    corpus = run.literature.corpus.papers
    scores = bm25(f"{brief.topic} {brief.description} {attributes.input} {attributes.output}", corpus)
    ranked = sorted(range(len(corpus)), key=lambda index: -scores[index])
    corpus_papers = [corpus[index] for index in ranked[:FROM_CORPUS]]
    live_papers = _search_live(corpus_papers, attributes, run) if run.literature.live else []
    if run.literature.live and not live_papers:
        run.say(f"literature: offline, judged against {len(corpus)} local papers")
    return remove_duplicates([*corpus_papers, *live_papers])


def _search_live(corpus_papers: list[Paper], attributes: Attributes, run: Run) -> list[Paper]:
    wanted_number = run.settings.survey.papers
    papers: list[Paper] = []
    for query in _queries(corpus_papers, papers, attributes, run):
        fresh = [paper for paper in search(query, wanted_number, run).papers if paper.source != "corpus"]
        papers[:] = remove_duplicates([*papers, *fresh])
        if len(papers) >= wanted_number:
            break
    return papers[:wanted_number]


def _queries(corpus_papers: list[Paper], live_papers: list[Paper], attributes: Attributes, run: Run) -> Iterator[str]:
    """Yield one query after the other. The caller extends `live_papers` meanwhile."""
    topic = run.toolchain.brief(run.task, run).topic
    yield topic
    if attributes.input or attributes.output:
        yield f"{attributes.input} {attributes.output}"
    if run.literature.offline:
        return
    yield from _method_queries(topic, [*live_papers, *corpus_papers], attributes, run)


def _method_queries(topic: str, papers: list[Paper], attributes: Attributes, run: Run) -> list[str]:
    model = run.model("extractor")
    if model.strong:
        titles = [paper.title for paper in papers[:TITLES]]
        prompt = render(TEMPLATE, topic=topic, attributes=attributes, titles=titles)
        try:
            return model.ask_json(prompt, Queries, max_tokens=300, temperature=0.0).queries
        except BadReply as error:
            run.say(f"survey: no queries in the reply, words of the papers are used instead: {error}")
    task_words = set(tokenize(f"{topic} {attributes.input} {attributes.output}"))
    counts = Counter(word for paper in papers for word in set(tokenize(f"{paper.title} {paper.finding}")))
    method_words = [word for word, _ in counts.most_common() if len(word) > 4 and word not in task_words]
    return [f"{topic} {' '.join(method_words[:WORDS])}"] if method_words else []
