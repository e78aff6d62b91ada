"""Novel, known, a variation, or unknown; never known by the model's word alone; and what it rests on is kept."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.literature.novelty import check_novelty, novelty_rule
from agents.nodes.survey import RULES
from agents.run import Run
from pelagos.errors import BadReply
from pelagos.nouns import Hypothesis, Paper
from tests.agents.nodes.laboratory import open_run
from tests.agents.nodes.test_thinking import Twisted
from tests.agents.test_loop import launch, read_facts
from tests.tools.literature.services import Services, serve
from tools.literature import gate
from tools.literature.cascade import Cascade
from tools.literature.corpus import Corpus
from tools.literature.findings_library import LIBRARY

IDEA = Hypothesis(
    id="h1", title="Label smoothing", statement="Smooth the labels by 0.1 in the loss.", rationale="r",
    predicted_effect=0.1, refuted_by="x", target="t",
)  # fmt: skip


class Angled:
    """An embedder that puts a text at the cosine its last word names, seen from any other text."""

    id, dims, tau = "angled", 2, 0.6

    def embed(self, texts: list[str]) -> Any:
        angles = [text.split()[-1] for text in texts]
        cosines = [float(word) if re.fullmatch(r"0\.\d+", word) else 1.0 for word in angles]
        return np.array([[cosine, (1 - cosine**2) ** 0.5] for cosine in cosines], dtype=np.float32)


class Extractor:
    """Says of every paper the word it was given; `asked` counts."""

    strong = True

    def __init__(self, word: str, queries: list[str] | None = None) -> None:
        self.word, self.queries = word, queries or []
        self.asked: list[str] = []

    def ask_json(self, messages: Any, schema: Any, **_: Any) -> Any:
        if "query" in schema.model_fields:
            return schema(query=self.queries.pop(0) if self.queries else "")
        self.asked.append(messages[-1].content)
        if self.word == "nonsense":
            raise BadReply("no JSON")
        return schema(reason="so it is", verdict=self.word)


def paper(id: str, cosine: float, **more: Any) -> Paper:
    return Paper(id=id, title=f"Paper {id}", abstract="", finding=f"Labels and loss, smooth {cosine}", **more)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    def made(papers: list[Paper], extractor: Extractor, literature: Cascade | None = None, **changes: Any) -> Run:
        found = open_run(tmp_path, **changes)
        found.embedder = Angled()
        found.role_models = lambda _: extractor  # type: ignore[assignment, return-value]
        found.literature = literature or Cascade(corpus=Corpus(papers))
        return found

    return made


def test_a_finding_of_the_library_is_never_known_and_nobody_is_asked_about_it(run: Any) -> None:
    extractor = Extractor("same")
    verdict = check_novelty(IDEA, run([paper("lib", 0.9, source=LIBRARY), paper("a", 0.1)], extractor))
    assert (verdict.kind, verdict.reason, verdict.judged_by, extractor.asked) == ("variation", "variation: lib", 1, [])
    twin = paper("lib", 0.1, source=LIBRARY).model_copy(update={"title": IDEA.title})
    assert check_novelty(IDEA, run([twin], extractor)).kind == "variation"


def test_the_library_alone_says_nothing_of_what_is_new(run: Any) -> None:
    assert check_novelty(IDEA, run([paper("lib", 0.1, source=LIBRARY)], Extractor("same"))).kind == "unknown"


@pytest.mark.parametrize(("task", "setting", "rule"), [
    ("label", None, "label"), ("require", None, "require"), ("require", "label", "label"), ("label", "require", "require"),
])  # fmt: skip
def test_the_settings_rule_over_the_task(task: Any, setting: Any, rule: str, tmp_path: Path) -> None:
    run = open_run(tmp_path, screen={"novelty": setting})
    run.task = dataclasses.replace(run.task, novelty=task)  # type: ignore[type-var]
    assert novelty_rule(run) == rule


def test_without_papers_it_is_unknown(run: Any) -> None:
    verdict = check_novelty(IDEA, run([], Extractor("same")))
    assert (verdict.kind, verdict.judged_by) == ("unknown", 0)


def test_what_is_far_from_every_paper_is_novel_without_a_call(run: Any) -> None:
    extractor = Extractor("same")
    verdict = check_novelty(IDEA, run([paper("a", 0.2), paper("b", 0.4)], extractor))
    assert (verdict.kind, verdict.judged_by, extractor.asked) == ("novel", 2, [])


@pytest.mark.parametrize(
    ("cosine", "word", "kind"),
    [
        (0.7, "same", "known"),
        (0.5, "same", "variation"),  # the word without the cosine
        (0.7, "variation", "variation"),
        (0.7, "different", "novel"),
        (0.99, "different", "novel"),  # the cosine without the word
        (0.7, "nonsense", "novel"),
    ],
)
def test_known_needs_cosine_and_word(cosine: float, word: str, kind: str, run: Any) -> None:
    assert check_novelty(IDEA, run([paper("a", cosine)], Extractor(word))).kind == kind


def test_the_same_words_need_no_call_whatever_the_cosine(run: Any) -> None:
    extractor = Extractor("different")
    twin = paper("a", 0.1).model_copy(update={"title": "Label  Smoothing!", "abstract": "labels"})
    assert check_novelty(IDEA, run([twin], extractor)).kind == "known"
    assert extractor.asked == []


def test_a_paper_the_hypothesis_names_makes_it_an_application(run: Any) -> None:
    extractor = Extractor("same")
    verdict = check_novelty(IDEA.model_copy(update={"papers": ["a"]}), run([paper("a", 0.9)], extractor))
    assert (verdict.kind, extractor.asked) == ("variation", [])


def test_papers_are_compared_one_at_a_time_the_nearest_first(run: Any) -> None:
    extractor = Extractor("different")
    verdict = check_novelty(IDEA, run([paper("a", 0.5), paper("b", 0.9), paper("c", 0.1)], extractor))
    assert [("Paper b" in prompt, "Paper a" in prompt) for prompt in extractor.asked] == [(True, False), (False, True)]
    assert [(hit.paper, hit.word) for hit in verdict.hits] == [("b", "different"), ("a", "different"), ("c", None)]


@pytest.mark.parametrize(("cosine", "kind"), [(0.9, "known"), (0.59, "novel"), (0.1, "novel")])
def test_a_small_model_isnt_asked_the_cosine_says_it(cosine: float, kind: str, run: Any) -> None:
    extractor = Extractor("different")
    extractor.strong = False
    verdict = check_novelty(IDEA, run([paper("a", cosine)], extractor))
    assert (verdict.kind, extractor.asked) == (kind, [])


def test_what_a_small_models_idea_names_as_its_ground_stays_a_variation(run: Any) -> None:
    extractor = Extractor("different")
    extractor.strong = False
    verdict = check_novelty(IDEA.model_copy(update={"papers": ["a"]}), run([paper("a", 0.9)], extractor))
    assert verdict.kind == "variation"


@pytest.mark.parametrize(("date", "until", "again"), [
    ("2026-03-01", "2025-06-30", True), ("2025-01-01", "2025-06-30", False), ("2025", "2025-06-30", False),
    ("2026", "2025-06-30", True), ("2026-03-01", None, False),
])  # fmt: skip
def test_what_is_newer_than_the_models_knowledge_is_a_rediscovery(date: str, until: Any, again: bool, run: Any) -> None:
    verdict = check_novelty(
        IDEA, run([paper("a", 0.9, date=date)], Extractor("same"), models={"knowledge_until": until})
    )
    assert (verdict.kind, verdict.rediscovery) == ("known", again)
    assert ("rediscovery" in verdict.reason) == again


def test_rounds_go_on_while_they_bring_something_and_within_their_bound(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_GATES", {})
    with serve(Services(3)) as services:
        literature = Cascade.open(services.settings(tmp_path / "cache", sources=["arxiv"]), None, print)
        context = run([], Extractor("different", ["graph study", "kernel study", "sparse study"]), literature)
        verdict = check_novelty(IDEA, context)
        assert verdict.queries == ["Label smoothing", "graph study"]  # the second brought nothing new
        assert verdict.judged_by == 3
        services.papers = 5
        asked = len(services.seen)
        context.role_models = lambda _: Extractor("different", ["graph study"])
        assert check_novelty(IDEA, context) == verdict  # recorded: nobody is asked again
        assert len(services.seen) == asked


def all_known(folder: Path, rule: str | None) -> Path:
    """A run in which the literature has every hypothesis."""
    known = Twisted("verdict", lambda text, _: json.dumps({"reason": "r", "verdict": "same"}))
    screen = {"near_tau": 0.0, "known_tau": 0.0, "novelty": rule}
    loop = {"hypotheses": 2, "attempts": 2, "workers": 2}
    _, run, _ = launch(folder, known, loop=loop, screen=screen)
    return Path(run)


def test_what_is_known_is_tried_all_the_same_and_labelled(tmp_path: Path) -> None:
    run = all_known(tmp_path, None)
    screened = read_facts(run, "screened")
    assert [(fact["novelty"], fact["kept"]) for fact in screened] == [("known", True)] * 2
    assert all(fact["reason"].startswith("known: p") for fact in screened)
    assert {fact["hypothesis"] for fact in read_facts(run, "plan")} == {fact["hypothesis"] for fact in screened}
    assert [note["text"] for note in read_facts(run, "note")].count(RULES["label"]) == 1


def test_screen_throws_out_what_is_known_where_novelty_is_required(tmp_path: Path) -> None:
    run = all_known(tmp_path, "require")
    screened = read_facts(run, "screened")
    assert [(fact["novelty"], fact["kept"]) for fact in screened] == [("known", False)] * 2
    assert all(fact["reason"].startswith("known: p") and fact["literature"]["hits"] for fact in screened)
    assert read_facts(run, "plan") == []
    assert [note["text"] for note in read_facts(run, "note")].count(RULES["require"]) == 1
