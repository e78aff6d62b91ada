"""Beam, DVTS and best-of-N against each other on a policy whose steps are known; what the account counts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.verifiers.protocol import Solution, StepScores, Usage
from agents.verifiers.search.account import Account
from agents.verifiers.search.drive import run_searches
from agents.verifiers.search.independent import MAX_STEPS, BestOfN, Majority
from agents.verifiers.search.policy import Candidate, Draw, Strategy
from agents.verifiers.search.trees import Beam, Dvts


class Digits:
    """Each step is a digit made from prefix and sample; a solution has as many steps as the problem's number says."""

    name = "digits"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def propose(self, draws: Sequence[Draw]) -> tuple[list[str], Usage]:
        self.batches.append(len(draws))
        return [str(zlib.crc32(repr(draw).encode()) % 10) for draw in draws], Usage(written=len(draws))

    def is_finished(self, solution: Solution) -> bool:
        return len(solution.steps) == int(solution.problem[-1])

    def answer(self, solution: Solution) -> str:
        return solution.steps[-1]


class Larger:
    """Prefers large digits; reads the whole prefix each time."""

    name = "larger"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        self.batches.append(len(solutions))
        return [
            StepScores([int(step) / 10 for step in solution.steps], Usage(read=len(solution.steps)))
            for solution in solutions
        ]


def run(strategy: Strategy, *problems: str, limit: int | None = None) -> tuple[list[list[Candidate]], Account]:
    account = Account(limit)
    return run_searches(problems, strategy, Digits(), Larger(), account), account


def steps_of(candidates: Sequence[Candidate]) -> list[tuple[str, ...]]:
    return [candidate.solution.steps for candidate in candidates]


def test_beam_with_one_beam_is_one_tree_of_dvts() -> None:
    assert run(Beam(8, 8), "a5")[0] == run(Dvts(8, 8), "a5")[0]


def test_dvts_with_one_child_is_best_of_n() -> None:
    (trees,), _ = run(Dvts(6, 1), "a5")
    (whole,), _ = run(BestOfN(6), "a5")
    assert sorted(steps_of(trees)) == sorted(steps_of(whole))
    assert len(set(steps_of(whole))) > 1


def test_a_beam_keeps_the_best_of_all_and_trees_do_not_see_each_other() -> None:
    """By enumeration: the beam of 2 keeps the two best of four at each depth; each tree keeps its own best."""
    policy = Digits()

    def grow(prefix: Solution, samples: Sequence[int]) -> list[Solution]:
        return [prefix.add(policy.propose([Draw(prefix, sample)])[0][0]) for sample in samples]

    def best(solutions: Sequence[Solution], n: int) -> list[Solution]:
        return sorted(solutions, key=lambda solution: -int(solution.steps[-1]))[:n]

    root = Solution("a2", ())
    first = best([*grow(root, [0, 1]), *grow(root, [2, 3])], 2)
    second = best([*grow(first[0], [0, 1]), *grow(first[1], [2, 3])], 2)
    assert steps_of(run(Beam(4, 2), "a2")[0][0]) == [solution.steps for solution in second]
    trees = [best(grow(best(grow(root, samples), 1)[0], samples), 1)[0] for samples in ([0, 1], [2, 3])]
    assert sorted(steps_of(run(Dvts(4, 2), "a2")[0][0])) == sorted(solution.steps for solution in trees)


def test_the_account_counts_policy_and_verifier() -> None:
    _, majority = run(Majority(4), "a3")
    assert (majority.policy.tokens, majority.verifier.tokens) == (12, 0)
    _, whole = run(BestOfN(4), "a3")
    assert (whole.policy.tokens, whole.verifier.tokens) == (12, 12)
    _, beam = run(Beam(4, 2), "a3")
    assert (beam.policy.tokens, beam.verifier.tokens) == (12, 4 * (1 + 2 + 3))
    assert beam.usage.tokens == 36


def test_problems_and_trees_go_out_as_one_batch() -> None:
    policy, verifier = Digits(), Larger()
    found = run_searches(["a2", "b2", "c2"], Dvts(8, 4), policy, verifier, Account())
    assert policy.batches == verifier.batches == [24, 24]
    alone = [run_searches([problem], Dvts(8, 4), Digits(), Larger(), Account())[0] for problem in ("a2", "b2", "c2")]
    assert found == alone


def test_problems_of_different_length_are_finished_each() -> None:
    found, _ = run(BestOfN(2), "a1", "b4")
    assert [[len(steps) for steps in steps_of(candidates)] for candidates in found] == [[1, 1], [4, 4]]


def test_a_used_up_account_ends_the_search_with_what_it_has() -> None:
    found, account = run(BestOfN(2), "a1", "b4", limit=5)
    assert [len(candidates) for candidates in found] == [2, 0]
    assert 5 <= account.usage.tokens <= 8


def test_a_solution_that_never_ends_is_no_candidate() -> None:
    class Endless(Digits):
        def is_finished(self, solution: Solution) -> bool:
            return False

    for strategy in (Majority(2), BestOfN(2), Beam(4, 2), Dvts(4, 2)):
        policy = Endless()
        assert run_searches(["a2"], strategy, policy, Larger(), Account()) == [[]]
        assert len(policy.batches) == MAX_STEPS


@pytest.mark.parametrize(("n", "m"), [(6, 4), (2, 4), (4, 0)])
def test_a_budget_that_the_children_do_not_divide_is_refused(n: int, m: int) -> None:
    for strategy in (Beam, Dvts):
        with pytest.raises(ValueError, match=f"take a multiple of {m}"):
            strategy(n, m)


@given(width=st.integers(1, 4), m=st.integers(1, 4), length=st.integers(1, 5))
def test_both_trees_spend_the_same_and_end_with_as_many(width: int, m: int, length: int) -> None:
    (beam,), beam_account = run(Beam(width * m, m), f"a{length}")
    (dvts,), dvts_account = run(Dvts(width * m, m), f"a{length}")
    assert len(beam) == len(dvts) == width
    assert beam_account.usage == dvts_account.usage


@pytest.mark.parametrize("strategy", [Majority(2), BestOfN(2)])
def test_a_problem_that_takes_no_step_is_finished_at_once(strategy: Strategy) -> None:
    (found, other), _ = run(strategy, "P0", "P1")
    assert steps_of(found) == [(), ()]
    assert len(other) == 2
