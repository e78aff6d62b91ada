"""An idea beside the bank and the papers: dead ends, open ones, and a strong model that compares near papers."""

from __future__ import annotations

import json
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.models.protocol import Reply, Request
from agents.submissions.idea_check import check_idea
from agents.submissions.idea_text import parse_idea
from memory.bank.backfill import Origin, make_entry
from memory.bank.bank import HypothesisBank
from memory.embedders.embedder import hashing
from pelagos.errors import ModelUnavailable
from pelagos.nouns import Hypothesis
from pelagos.settings import Settings
from tests.agents.scripted import Scripted, ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

SQUARE = "Square of column a. Add the square of column a."
PAPER = {"id": "p9", "title": "Squares of columns", "abstract": "Add the square of a column a to a table."}


class Comparing(Scripted):
    """Compares papers by one word; asks for no further search."""

    spec = "openai:strong@http://127.0.0.1:9/v1"

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    def complete(self, request: Request, limit: Any) -> Reply:
        self.calls += 1
        if self.word == "away":
            raise ModelUnavailable("nothing answers")
        text = json.dumps({"reason": "read whole", "verdict": self.word})
        return Reply(text=text, tokens_in=1, tokens_out=1, seconds=0.0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    ScriptedAssembly()  # registers the toolchain of the task
    task = write_task(tmp_path / "table")
    (task / "papers.jsonl").write_text(json.dumps(PAPER) + "\n")
    return tmp_path


def settings_of(spec: str = "none") -> Settings:
    return make_short_settings(models={"default": "none", "extractor": spec, "embedder": "hashing"})


def remember(project: Path, said: str, task: str, **lesson: Any) -> None:
    with warnings.catch_warnings(action="ignore"), closing(HypothesisBank.open(project, hashing())) as bank:
        idea, origin = parse_idea(said), Origin("r0", task)
        fields = {"rationale": "", "refuted_by": "", "target": "a"}
        entry = make_entry(
            Hypothesis(id=f"h{len(bank) + 1}", title=idea.title, statement=idea.statement, **fields), origin
        )
        bank.admit(entry, bank.embedder.embed([entry.text])[0], 1.1)
        bank.add_lesson(entry.id, lesson)


def check(project: Path, text: str, model: Comparing | None = None, task: str = "table") -> Any:
    spec, ref = model.spec if model else "none", str(project / task) if task else ""
    return check_idea(project, parse_idea(text), settings_of(spec), ref, ScriptedAssembly(model))


def test_dead_ends_and_open_ones_are_told_apart(project: Path) -> None:
    effect = {"value": -0.2, "low": -0.3, "high": -0.1}
    remember(project, SQUARE, "table", lesson="l1", verdict="refuted", effect=effect, text="It made it worse.")
    found = check(project, SQUARE)
    assert (found.fate, found.reason) == ("thrown out", "repeats the dead end r0/h1 (refuted: -0.2)")
    assert (found.earlier[0].status, found.earlier[0].lesson) == ("dead end", "It made it worse.")
    remember(project, "Log of d. Take the log of d.", "table", lesson="l2", verdict="undecided", effect={"value": 0.1})
    open_one = check(project, "Log of d. Take the log of d.")
    assert open_one.fate.startswith("tested")
    assert open_one.reason.endswith("tries r0/h2 again, which is undecided (+0.1)")
    assert open_one.earlier[0].status == "open"


def test_what_another_task_tried_is_shown_and_is_no_repeat(project: Path) -> None:
    remember(project, SQUARE, "elsewhere", lesson="l1", verdict="refuted")
    found = check(project, SQUARE)
    assert found.fate == "tested, said to be known"  # by the paper
    assert [(earlier.task, earlier.status) for earlier in found.earlier] == [("elsewhere", "dead end")]
    assert check(project, SQUARE, task="").fate == "unknown"


@pytest.mark.parametrize("word", ["same", "variation", "different"])
def test_a_strong_model_compares_near_papers_as_in_screen(project: Path, word: str) -> None:
    model = Comparing(word)
    found = check(project, SQUARE, model)
    assert {hit.paper: hit.word for hit in found.novelty.hits}["p9"] == word
    assert (found.novelty.kind == "known") == (word == "same")
    assert found.compared_by == model.spec
    assert model.calls == 1


def test_a_strong_model_that_is_away_is_said_and_the_cosine_decides(project: Path) -> None:
    found = check(project, SQUARE, Comparing("away"))
    assert found.compared_by == "the cosine alone"
    assert any("does not answer, so the cosine alone decides" in line for line in found.unreached)
    assert found.novelty.kind == "known"
