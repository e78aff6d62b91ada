"""Majority, max, vote and calibrated vote on hand tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verifiers.select import by_calibrated_vote, by_majority, by_max, by_vote

ANSWERS = ["7", "7", "7", "9", "9"]
SCORES = [0.1, 0.2, 0.1, 0.9, 0.3]


def test_each_rule_on_one_table() -> None:
    assert by_majority(ANSWERS) == "7"
    assert by_max(ANSWERS, SCORES) == "9"
    assert by_vote(ANSWERS, SCORES) == "9"  # 1.2 against 0.4
    assert by_vote(ANSWERS, [0.5, 0.5, 0.5, 0.6, 0.6]) == "7"  # 1.5 against 1.2


def test_a_calibrated_vote_counts_scores_below_one_half_against_the_answer() -> None:
    scores = [0.4, 0.4, 0.4, 0.4, 0.9]
    answers = ["7", "7", "7", "7", "9"]
    assert by_vote(answers, scores) == "7"
    assert by_calibrated_vote(answers, scores, lambda score: score) == "9"


def test_one_certain_vote_does_not_outweigh_many_likely_ones() -> None:
    likely = 1 / (1 + math.exp(-3.0))
    assert by_calibrated_vote(["9", "7", "7", "7"], [1.0, likely, likely, likely], lambda score: score) == "7"


def test_equals_go_to_the_first() -> None:
    assert by_majority(["b", "a"]) == by_max(["b", "a"], [0.5, 0.5]) == by_vote(["b", "a"], [0.5, 0.5]) == "b"


def test_without_answers_there_is_nothing_to_select() -> None:
    with pytest.raises(ValueError, match="empty"):
        by_majority([])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 1.0)), min_size=1))
def test_equal_scores_vote_like_the_majority(votes: list[tuple[str, float]]) -> None:
    answers = [answer for answer, _ in votes]
    assert by_vote(answers, [1.0] * len(votes)) == by_majority(answers)
