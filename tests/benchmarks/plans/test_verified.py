from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.verifiers.protocol import Solution, StepScores, Usage
from benchmarks.plans.verified import collect_scores, replay, spent
from pelagos.errors import BadInput, BadScore

PROBLEMS = {"t": {"a.py::f": "the problem"}}
ROWS = [{"id": f"p{n}", "task": "t", "target": "a.py::f", "steps": ["first", f"second {n}"]} for n in range(6)]


@dataclass
class ByDigits:
    """The first step has 0.9, any other its last digit / 10."""

    name: str = "by digits"
    asked: list[Solution] = field(default_factory=list)

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        self.asked += solutions
        return [
            StepScores([0.9 if step == "first" else int(step[-1]) / 10 for step in one.steps], Usage(read=7))
            for one in solutions
        ]


def test_raw_scores_are_kept_and_every_aggregate_is_replayed(tmp_path: Path) -> None:
    verifier, out = ByDigits(), tmp_path / "scores.jsonl"

    assert collect_scores("digits", ROWS, PROBLEMS, verifier, out) == 6
    assert verifier.asked[0] == Solution("the problem", ("first", "second 0"))
    found = replay("digits", ROWS, PROBLEMS, out)
    assert found["min"].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert found["product"].tolist() == pytest.approx([0.0, 0.09, 0.18, 0.27, 0.36, 0.45])
    assert spent("digits", out).read == 42


def test_nothing_is_asked_twice_not_even_after_a_kill(tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    collect_scores("digits", ROWS[:3], PROBLEMS, ByDigits(), out)
    out.write_bytes(out.read_bytes()[:-9])
    verifier = ByDigits()

    assert collect_scores("digits", ROWS, PROBLEMS, verifier, out) == 4
    assert [one.steps[1] for one in verifier.asked] == ["second 2", "second 3", "second 4", "second 5"]
    assert collect_scores("digits", ROWS, PROBLEMS, verifier, out) == 0


def test_another_wording_another_problem_and_another_verifier_are_asked_anew(tmp_path: Path) -> None:
    out, row = tmp_path / "scores.jsonl", ROWS[0]
    collect_scores("digits", [row], PROBLEMS, ByDigits(), out)

    assert collect_scores("digits", [{**row, "steps": ["first", "other 3"]}], PROBLEMS, ByDigits(), out) == 1
    assert collect_scores("digits", [row], {"t": {"a.py::f": "another"}}, ByDigits(), out) == 1
    assert collect_scores("digits", [{**row, "problem": "its own"}], {}, ByDigits(), out) == 1
    assert collect_scores("other", [row], PROBLEMS, ByDigits(), out) == 1


def test_a_score_that_is_no_probability_is_never_kept(tmp_path: Path) -> None:
    class Broken(ByDigits):
        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            return [StepScores([0.5, float("nan")]) for _ in solutions]

    out = tmp_path / "scores.jsonl"
    with pytest.raises(BadScore):
        collect_scores("broken", ROWS, PROBLEMS, Broken(), out)
    assert not out.exists()


def test_reasons_and_votes_are_kept_where_there_are_any(tmp_path: Path) -> None:
    class Telling(ByDigits):
        def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
            return [StepScores([0.5, 0.5], reasons=("why", "why not"), votes=((0.4, 0.6),)) for _ in solutions]

    out = tmp_path / "scores.jsonl"
    collect_scores("telling", ROWS[:1], PROBLEMS, Telling(), out)
    row = json.loads(out.read_text())

    assert (row["reasons"], row["votes"]) == (["why", "why not"], [[0.4, 0.6]])
    assert "rewards" not in row


def test_a_replay_without_scores_says_so(tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    collect_scores("digits", ROWS[:2], PROBLEMS, ByDigits(), out)

    with pytest.raises(BadInput, match="no scores of digits for 4 of 6 plans"):
        replay("digits", ROWS, PROBLEMS, out)
