"""The made-up library has the truth it says; measures and verdicts are what they are by hand."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from benchmarks import novelty
from benchmarks.literature import __main__ as rankings
from benchmarks.literature.corpus import ABSENT, KNOWN, METHODS, ON_TASK, PARAPHRASED, make_corpus
from benchmarks.literature.measures import compute_ndcg, wilson_interval


def test_the_library_is_the_same_each_time_with_its_plants() -> None:
    first = make_corpus(2000)
    assert first == make_corpus(2000)
    assert len({planted.paper.id for planted in first}) == 2000
    assert len({planted.paper.title for planted in first}) == 2000
    on_task = [planted for planted in first if planted.grade == 2]
    assert len(on_task) == ON_TASK + PARAPHRASED
    assert {planted.method for planted in on_task} <= set(KNOWN)
    assert all(planted.method in METHODS for planted in first)


def test_ndcg_and_wilson_by_hand() -> None:
    assert compute_ndcg([2, 1, 0], [0, 1, 2]) == 1.0
    assert compute_ndcg([0, 0], [1, 0], at=1) == 0.0
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(19, 20) == pytest.approx((0.764, 0.991), abs=0.001)


def test_an_idea_is_known_repeated_new_or_names_nothing() -> None:
    told = ["Mixup of pairs of examples", "Orthogonal initial weights", "Start from rotations, orthogonal", "Be good"]
    ideas: list[Any] = [novelty.Idea(title=text, statement="Do this very thing.") for text in told]
    found = novelty.judge_ideas([*ideas, None])
    assert [planted.why for planted in found] == ["known", "", "repeated", "nothing planted", "no reply"]
    assert novelty.make_row("x", found).startswith("| x | 5 | 1 | 0.20 (")


@pytest.mark.parametrize("name", [*METHODS, *ABSENT])
def test_both_wordings_of_a_planted_concept_are_recognised(name: str) -> None:
    for wording in {**METHODS, **ABSENT}[name]:
        assert name in novelty.find_concepts(f"We try {wording} here")


@pytest.mark.parametrize(("text", "names"), [
    ("Pulling two views of one recording together", {"contrastive pretraining"}),
    ("Two views of one recording", set()),
    ("Letting several networks vote", set()),
])  # fmt: skip
def test_of_a_long_wording_one_word_may_be_missing(text: str, names: set[str]) -> None:
    assert novelty.find_concepts(text) == names


def test_it_prints_its_tables_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(action="ignore"):
        rankings.main(["--embedder", "hashing", "--size", "200", "--folder", str(tmp_path)])
    shown = capsys.readouterr().out
    assert all(f"| {row} |" in shown for row in ("BM25", "embedding", "fused", "known", "variation", "novel"))


class Proposer:
    """Names one concept after the other, whatever it is shown; scores papers by their modality's word."""

    strong = True

    def ask_json(self, messages: Any, schema: Any, sample: int = 0, **_: Any) -> Any:
        if schema is novelty.Idea:
            told = [*ABSENT.values()][sample % 2][0]
            return schema(title=told, statement=f"{len(messages[1].content)} characters")
        fits = 9 if "wearable" in messages[1].content.partition("==== data")[2] else 3
        return schema(finding="f", reason="r", topic=fits, attributes=fits)


def test_each_arm_runs_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.literature.desk.Desk.model", lambda *_: Proposer())
    with warnings.catch_warnings(action="ignore"):
        novelty.main(["--number", "4", "--size", "200", "--embedder", "hashing", "--folder", str(tmp_path)])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("| naive", "| retr", "| attr"))]
    assert [line.split(" | ")[1:3] for line in rows] == [["4", "2"]] * 3
