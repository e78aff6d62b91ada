"""The selector's floor, its budget, and what it says without records; difficulty by agreement of probes."""

from __future__ import annotations

import pytest

from agents.verifiers.search.difficulty import bucket, predict_difficulty
from agents.verifiers.search.selector import Arm, SearchRecord, Selector

MAJORITY, BEST = Arm("majority", 4, "majority"), Arm("best-of-n", 4, "max")


def records(
    arm: Arm, rights: str, tokens: int = 100, verifier: str = "v", difficulty: str = "hard"
) -> list[SearchRecord]:
    """One record per sign of `rights`: 1 is right."""
    return [
        SearchRecord(
            policy="p", verifier="" if arm.strategy == "majority" else verifier, problem=f"q{place}",
            difficulty=difficulty, strategy=arm.strategy, n=arm.n, selection=arm.selection, right=sign == "1",
            tokens=tokens,
        )
        for place, sign in enumerate(rights)
    ]  # fmt: skip


def test_without_records_the_first_is_taken_and_it_is_said() -> None:
    choice = Selector.fit([]).choose("p", "v", "hard", 1000)
    assert choice.arm == Arm("first", 1, "first")
    assert choice.reason == "no search was recorded for p, v, hard: the first is taken"


def test_what_is_measured_better_is_chosen_over_majority() -> None:
    selector = Selector.fit(records(MAJORITY, "0000011111") + records(BEST, "1111011111", 200))
    assert selector.choose("p", "v", "hard", 1000).arm == BEST


def test_majority_is_the_floor_where_the_gain_is_within_its_error() -> None:
    selector = Selector.fit(records(MAJORITY, "1100110000") + records(BEST, "0011110100", 200))
    choice = selector.choose("p", "v", "hard", 1000)
    assert choice.arm == MAJORITY
    assert "nothing is better than majority" in choice.reason


def test_a_budget_excludes_what_costs_more() -> None:
    selector = Selector.fit(records(MAJORITY, "0000011111") + records(BEST, "1111011111", 200))
    assert selector.choose("p", "v", "hard", 150).arm == MAJORITY
    assert selector.choose("p", "v", "hard", 50).reason.startswith("no strategy fits the budget")


def test_keys_are_apart() -> None:
    selector = Selector.fit(records(MAJORITY, "0000011111") + records(BEST, "1111011111", 200))
    for key in (("q", "v", "hard"), ("p", "w", "hard")):
        assert selector.choose(*key, 1000).arm.strategy == "first"  # type: ignore[arg-type]


def test_a_difficulty_with_few_records_is_answered_from_all() -> None:
    """Of hard problems two are recorded, on which the floor was right by chance; of easy ones twenty."""
    few = records(MAJORITY, "11") + records(BEST, "00", 200)
    many = records(MAJORITY, "00000000000000011111", difficulty="easy") + records(
        BEST, "1" * 20, 200, difficulty="easy"
    )
    alone, together = Selector.fit(few), Selector.fit(few + many)
    assert alone.choose("p", "v", "hard", 1000).arm == MAJORITY
    assert together.choose("p", "v", "hard", 1000).arm == BEST
    assert together.choose("p", "v", "medium", 1000).arm == BEST


def test_a_difficulty_with_enough_records_is_answered_from_its_own() -> None:
    hard = records(MAJORITY, "1" * 20) + records(BEST, "0" * 20, 200)
    easy = records(MAJORITY, "0" * 40, difficulty="easy") + records(BEST, "1" * 40, 200, difficulty="easy")
    selector = Selector.fit(hard + easy)
    assert selector.choose("p", "v", "hard", 1000).arm == MAJORITY
    assert selector.choose("p", "v", "easy", 1000).arm == BEST


def test_majority_counts_for_each_verifier() -> None:
    selector = Selector.fit(
        records(MAJORITY, "1111111111") + records(BEST, "0000000000") + records(BEST, "0000000000", verifier="w")
    )
    assert {selector.choose("p", verifier, "hard", 1000).arm for verifier in "vw"} == {MAJORITY}


def test_buckets_are_by_absolute_chance() -> None:
    assert [bucket(chance) for chance in (1.0, 0.5, 0.49, 0.1, 0.09, 0.0)] == [
        "easy", "easy", "medium", "medium", "hard", "hard",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "difficulty"),
    [("aaaa", "easy"), ("aaab", "easy"), ("aabb", "medium"), ("aabc", "medium"), ("abcd", "hard")],
)
def test_difficulty_by_agreement(answers: str, difficulty: str) -> None:
    assert predict_difficulty(list(answers)) == difficulty


def test_one_probe_can_not_agree() -> None:
    with pytest.raises(ValueError, match="sample at least two"):
        predict_difficulty(["a"])
