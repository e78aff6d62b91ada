"""Scoring goes on where it stopped; one bad problem stops nothing; other thresholds ask nothing again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.verifiers.evaluation.evaluate import Cut, evaluate, key_of, sample, score_missing, to_json
from agents.verifiers.evaluation.metrics import PRMBENCH, PROCESSBENCH
from agents.verifiers.evaluation.problems import Labelled
from agents.verifiers.evaluation.scores_file import ScoresFile
from agents.verifiers.protocol import Solution, StepScores, Usage
from pelagos.errors import BadInput, ModelUnavailable, NothingUsable


class Reading:
    """Reads each step's score in the step; `most` solutions, then its endpoint is away."""

    name = "reading"

    def __init__(self, most: int = 1000) -> None:
        self.most, self.batches = most, list[int]()

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        if any("long" in solution.problem for solution in solutions):
            raise BadInput("a step is longer than the context")
        if sum(self.batches) + len(solutions) > self.most:
            raise ModelUnavailable("away")
        self.batches.append(len(solutions))
        return [StepScores([float(step) for step in each.steps], Usage(10, 1, 0.0, 0.5, 2)) for each in solutions]


def labelled(number: int, wrong: tuple[int, ...], *steps: str, kind: str = "", problem: str = "P") -> Labelled:
    return Labelled(f"id{number}", Solution(f"{problem}{number}", steps), wrong, kind)


DATA = [
    labelled(number, (1,) if number % 2 else (), "0.9", "0.2" if number % 2 else "0.8", kind="ab"[number % 3 > 0])
    for number in range(8)
]


def opened(folder: Path) -> ScoresFile:
    return ScoresFile(folder / "scores.jsonl", {"verifier": "reading"})


def test_what_is_scored_is_never_asked_again(tmp_path: Path) -> None:
    first, told = Reading(most=5), list[int]()
    with pytest.raises(ModelUnavailable):
        score_missing(DATA, first, opened(tmp_path), 2, told.append)
    assert (first.batches, told) == ([2, 2], [2, 4])
    second, file = Reading(), opened(tmp_path)
    score_missing(DATA, second, file, 3, told.append)
    assert (second.batches, told[2:]) == ([3, 1], [7, 8])
    third = Reading(most=0)
    score_missing(DATA, third, opened(tmp_path), 3, told.append)
    result = evaluate(DATA, file.rows, PROCESSBENCH, Cut(0.5, 0.25), 0)
    assert result.figures["F1"].value == 1.0
    assert result.usage == Usage(80, 8, 0.0, 4.0, 16)
    assert (result.problems, result.unread, result.tuned_on) == (8, 0, [])
    assert evaluate(DATA, file.rows, PROCESSBENCH, Cut(0.1, 0.25), 0).figures["accuracy on erroneous"].value == 0.0


class Garbled(Reading):
    """Says nothing usable about two problems."""

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        if any(solution.problem in ("P2", "P3") for solution in solutions):
            raise NothingUsable("verifier: 5 calls in a row gave nothing usable")
        return super().score(solutions)


def test_answers_of_no_use_end_the_scoring_at_another_problem_each_time(tmp_path: Path) -> None:
    for stops_at in (2, 3):
        with pytest.raises(NothingUsable, match="5 calls in a row"):
            score_missing(DATA, Garbled(), opened(tmp_path), 4, lambda _: None)
        rows = opened(tmp_path).rows
        assert list(rows) == [key_of(each) for each in DATA[: stops_at + 1]]
        assert rows[key_of(DATA[stops_at])].fault == "verifier: 5 calls in a row gave nothing usable"
    file = opened(tmp_path)
    score_missing(DATA, Garbled(), file, 4, lambda _: None)
    assert evaluate(DATA, file.rows, PROCESSBENCH, Cut(0.5, 0.25), 0).unread == 2


def test_one_problem_that_cannot_be_read_is_kept_as_a_fault(tmp_path: Path) -> None:
    data = [*DATA, labelled(9, (), "0.9", problem="long"), labelled(10, (0,), "1.5")]
    file = opened(tmp_path)
    score_missing(data, Reading(), file, 4, lambda _: None)
    assert file.rows[key_of(data[8])].fault == "a step is longer than the context"
    assert file.rows[key_of(data[9])].fault == "reading: step 1 of 1 is scored 1.5: no probability"
    result = evaluate(data, file.rows, PROCESSBENCH, Cut(0.5, 0.25), 0)
    assert result.unread == 2
    assert result.figures["accuracy on correct"].value == pytest.approx(4 / 5)
    assert result.figures["accuracy on erroneous"].value == pytest.approx(4 / 5)
    with pytest.raises(BadInput, match="no problem could be scored; the first one: a step is longer than the context"):
        evaluate(data[8:], file.rows, PROCESSBENCH, Cut(0.5, 0.25), 0)


def test_the_threshold_is_tuned_on_named_problems_that_are_left_out_of_the_figures(tmp_path: Path) -> None:
    file = opened(tmp_path)
    score_missing(DATA, Reading(), file, 8, lambda _: None)
    result = evaluate(DATA, file.rows, PROCESSBENCH, Cut(None, 0.5), 3)
    assert len(result.tuned_on) == result.problems == 4
    assert 0.2 < result.threshold <= 0.8
    assert result == evaluate(DATA, file.rows, PROCESSBENCH, Cut(None, 0.5), 3)
    assert result.tuned_on != evaluate(DATA, file.rows, PROCESSBENCH, Cut(None, 0.5), 4).tuned_on
    with pytest.raises(BadInput, match="the threshold can't be tuned: of 0 dev problems"):
        evaluate(DATA, file.rows, PROCESSBENCH, Cut(None, 0.01), 0)
    with pytest.raises(BadInput, match="every problem is in the dev share"):
        evaluate(DATA, file.rows, PRMBENCH, Cut(None, 0.99), 0)


def test_prmbench_is_told_by_kind_and_undefined_figures_are_null(tmp_path: Path) -> None:
    file = opened(tmp_path)
    score_missing(DATA, Reading(), file, 8, lambda _: None)
    result = evaluate(DATA, file.rows, PRMBENCH, Cut(0.5, 0.25), 0)
    assert result.by_kind == {"a": 1.0, "b": 1.0}
    only_right = evaluate(DATA[::2], file.rows, PRMBENCH, Cut(0.5, 0.25), 0)
    text = json.dumps(to_json(only_right), allow_nan=False)
    assert json.loads(text)["figures"]["F1 on wrong steps"] == {"value": None, "low": None, "high": None}


def test_a_sample_is_drawn_by_the_seed_in_the_order_of_the_file() -> None:
    drawn = sample(DATA, 3, 1)
    assert drawn == sorted(sample(DATA, 3, 1), key=DATA.index)
    assert len(drawn) == 3
    assert drawn != sample(DATA, 3, 2)
    assert sample(DATA, None, 1) == sample(DATA, 99, 1) == DATA
