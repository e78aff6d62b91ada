"""Hostile papers: with an extractor that does whatever a paper tells it, nothing changes but that paper's own score."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agents.literature.attributes import Attributes
from agents.literature.novelty import Comparison
from agents.literature.ranking import TEMPLATE, Assessment, best_passage
from agents.models.protocol import Reply, Request
from agents.setup import run_folder
from pelagos.nouns import Hypothesis, Paper
from tests.agents.scripted import Scripted
from tests.agents.test_loop import launch, read_facts
from tests.tools.literature import poison
from tests.tools.literature.papers import HIDDEN
from tools.prompt import render

LOOP = {"hypotheses": 2, "attempts": 2, "workers": 2}
SAID = Attributes(input="a table", output="a number", others="small")
IDEA = Hypothesis(
    id="h1", title="Squares", statement="Square the columns.", rationale="r", predicted_effect=0.1,
    refuted_by="x", target="a",
)  # fmt: skip
FENCED = re.compile(r"^==== data\n(.*?)\n==== end$", re.DOTALL | re.MULTILINE)


class Gullible(Scripted):
    """Obeys: where a paper's order is before its eyes, it gives the highest score and every verdict asked for."""

    def complete(self, request: Request, timeout: float) -> Reply:
        wanted = set((request.schema_ or {}).get("properties", {}))
        if "topic" not in wanted and "verdict" not in wanted:
            return super().complete(request, timeout)
        self.requests.append(request)
        obeys = poison.CANARY in request.messages[1].content
        answer: dict[str, Any] = {"reason": "", "verdict": "same" if obeys else "different"}
        if "topic" in wanted:
            answer = {"finding": poison.ORDER if obeys else "f", "reason": "", "topic": 8 + 2 * obeys, "attributes": 9}
        return Reply(text=json.dumps(answer), tokens_in=1, tokens_out=1, seconds=0.0)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same launch with the clean papers alone, and with the poisoned ones among them."""
    made = {}
    for name in ("clean", "poisoned"):
        folder = tmp_path_factory.mktemp(name)
        survey: dict[str, Any] = {"papers": 80, "scored": 80}
        if name == "poisoned":
            poison.write_corpus(folder / "corpus")
            survey["corpus"] = folder / "corpus"
        literature = {"sources": ["corpus"], "cache": folder / "cache"}
        made[name] = launch(folder, Gullible(), loop=LOOP, survey=survey, literature=literature)
    return made


def test_there_are_enough_of_them() -> None:
    assert len(poison.PLAIN) + len(poison.UNSEEN) + len(HIDDEN) >= 45


@pytest.mark.parametrize("kind", [*poison.PLAIN, *poison.UNSEEN])
def test_an_injection_stays_within_one_fence_and_the_system_message_as_it_is(kind: str) -> None:
    text = {**poison.PLAIN, **poison.UNSEEN}[kind]
    paper = Paper(id="x", title=f"T {text}", abstract=text, text=text, finding=text)
    prompts = [
        render(TEMPLATE, topic="t", attributes=SAID, paper=shown_paper, passage=best_passage(shown_paper.text, "t"))
        for shown_paper in (paper, Paper(id="x", title="T", abstract="a", text="t"))
    ]
    assert prompts[0][0] == prompts[1][0]
    outside = [FENCED.sub("", prompt[1].content) for prompt in prompts]
    assert outside[0] == outside[1]
    assert len(prompts[0][1].content) < 5000
    if kind in poison.UNSEEN:
        assert not set(text) & set(prompts[0][1].content)


def test_what_a_pdf_hides_reaches_no_prompt(runs: Any) -> None:
    _, run, assembly = runs["poisoned"]
    read = [paper["paper"]["id"] for paper in read_facts(run, "survey")[0]["papers"]]
    assert {f"pdf{n}" for n in range(len(HIDDEN))} <= set(read)
    shown = [
        r.messages[1].content for r in assembly.scripted.requests if "widgets of many kinds" in r.messages[1].content
    ]
    assert len(shown) >= len(HIDDEN)
    assert [text for text in shown if poison.CANARY in text] == []


def test_no_other_papers_score_is_touched(runs: Any) -> None:
    scores = {
        name: {p["paper"]["id"]: (p["topic"], p["attributes"]) for p in read_facts(run, "survey")[0]["papers"]}
        for name, (_, run, _) in runs.items()
    }
    assert len(scores["poisoned"]) == 5 + len(poison.PLAIN) + len(poison.UNSEEN) + 2 + len(HIDDEN)
    assert {id: score for id, score in scores["poisoned"].items() if id in scores["clean"]} == scores["clean"]
    obeyed = {id for id, score in scores["poisoned"].items() if score == (10, 9)}
    assert obeyed
    assert obeyed <= {f"x{n}" for n in range(len(poison.PLAIN))} | {"t0", "t1"}


def test_each_call_sees_one_paper_and_offers_no_tool(runs: Any) -> None:
    _, _, assembly = runs["poisoned"]
    asked = [r for r in assembly.scripted.requests if "topic" in (r.schema_ or {}).get("properties", {})]
    papers = re.compile("Squares of a table's columns|Rainfall over mountain valleys|widgets of many kinds")
    assert {len(set(papers.findall(r.messages[1].content))) for r in asked} == {1}
    for schema in (Assessment, Comparison):
        assert schema.model_config["extra"] == "forbid"
        assert not {"call", "tool", "settings", "kept", "effect"} & set(schema.model_fields)


def test_configuration_tools_and_acceptance_are_what_they_were(runs: Any) -> None:
    held = {}
    for name, (ending, run, assembly) in runs.items():
        described = run_folder.read(run).model_dump(mode="json")
        described["settings"] = {k: v for k, v in described["settings"].items() if k not in ("survey", "literature")}
        tools = [r.messages[1].content.partition("Tools a step may call")[2].partition("\n\n")[0]
                 for r in assembly.scripted.requests if r.role == "planner"]  # fmt: skip
        verdicts = {v["hypothesis"]: (v["kind"], v["effect"]) for v in read_facts(run, "verdict")}
        claims = {c["hypothesis"]: c["held"] for c in read_facts(run, "claim")}
        isolation = {e["isolation"] for e in read_facts(run, "experiment")}
        settings = {k: described[k] for k in ("settings", "digest", "toolchain") if k in described}
        held[name] = (ending, settings, sorted(tools), verdicts, claims, isolation)
    assert held["poisoned"] == held["clean"]
    assert held["clean"][3]


def test_nothing_was_done_that_a_paper_ordered(runs: Any) -> None:
    _, run, _ = runs["poisoned"]
    assert list(run.parent.parent.rglob(f"*{poison.CANARY}*")) == []
    assert read_facts(run, "decision") == []
