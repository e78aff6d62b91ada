"""The exact checkers by hand, and what holds for each problem of each domain."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.verifiers.protocol import Solution
from benchmarks.chain.domains.chain import Chain
from benchmarks.chain.domains.domain import Domain, answer, check_steps, make_traps, solve, write_solution
from benchmarks.chain.domains.listop import ListOp
from benchmarks.chain.domains.pytrace import PyTrace
from benchmarks.chain.models.text import encode

DOMAINS = [Chain(), ListOp(), PyTrace()]
each = pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)


@pytest.mark.parametrize(
    ("domain", "problem", "steps"),
    [
        (Chain(), "7,+3,*2,-5:", ("0;", "0;", "5;")),
        (ListOp(), "31724,r,s,l,p,i,d:", ("42713;", "12347;", "23471;", "12347;", "23458;", "46806;")),
        (PyTrace(), "p,a=3*2,b=a-7,c=b*a:", ("3*2=6;", "6-7=9;", "9*6=4;")),
    ],
)
def test_solutions_by_hand(domain: Domain, problem: str, steps: tuple[str, ...]) -> None:
    assert solve(domain, problem) == Solution(problem, steps)


@pytest.mark.parametrize(
    ("domain", "problem", "steps", "right", "claimed"),
    [
        (Chain(), "7,+3,*2:", ("1;", "2;"), [False, True], "2"),
        (Chain(), "7,+3,*2:", ("0;", "7;"), [True, False], "7"),
        (Chain(), "7,+3,*2:", ("x;", "0;"), [False, False], "0"),
        (Chain(), "7,+3,*2:", ("0;",), [True], None),
        (ListOp(), "31724,r:", ("42713;", "42713;"), [True, False], None),
        (ListOp(), "31724,r,s:", ("42731;", "12347;"), [False, True], "12347"),
        (PyTrace(), "p,a=3*2,b=a-7:", ("3*2=5;", "5-7=8;"), [False, True], "8"),
        (PyTrace(), "p,a=3*2,b=a-7:", ("3*2=5;", "6-7=9;"), [False, False], "9"),
        (PyTrace(), "p,a=3*2,b=a-7:", ("3+3=6;", "6-7=9;"), [False, True], "9"),
    ],
)
def test_a_step_is_right_after_what_was_claimed(
    domain: Domain, problem: str, steps: tuple[str, ...], right: list[bool], claimed: str | None
) -> None:
    solution = Solution(problem, steps)
    assert check_steps(domain, solution) == right
    assert answer(domain, solution) == claimed


@each
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_holds_for_each_problem(domain: Domain, seed: int) -> None:
    random = Random(seed)
    problem = domain.make_problem(random.choice(domain.lengths), random)
    exact = solve(domain, problem)
    assert all(check_steps(domain, exact))
    assert {len(encode(step)) for step in exact.steps} == {domain.step_tokens}
    noisy = write_solution(domain, problem, make_traps(domain, seed)[0], 0.5, random)
    first = next((place for place, step in enumerate(noisy.steps) if step != exact.steps[place]), None)
    right = check_steps(domain, noisy)
    assert first is None or right.index(False) == first
    assert all(right) == (noisy == exact)


@each
def test_a_trap_goes_wrong_more_often_than_not_and_always_in_the_same_way(domain: Domain) -> None:
    known, unseen = make_traps(domain, 0)
    assert len(known) == len(unseen) == domain.trap_count
    assert not set(known) & set(unseen)
    random, wrong, seen = Random(0), 0, 0
    for _ in range(300):
        problem = domain.make_problem(domain.lengths[0], random)
        noisy = write_solution(domain, problem, known, 0.0, random)
        for place, step in enumerate(noisy.steps):
            following = domain.next_step(problem, noisy.steps[:place])
            assert following is not None
            assert step in (following.step, following.twisted.get(known.get(following.key, 0)))
            assert following.step not in following.twisted.values()
            seen += following.key in known
            wrong += step != following.step
    assert 0.45 < wrong / seen < 0.65
