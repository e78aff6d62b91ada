"""Carries out searches for many problems side by side: what they ask for at the same time goes out as one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from agents.verifiers.protocol import Usage, Verifier, check_scores
from agents.verifiers.search.account import Account
from agents.verifiers.search.policy import Candidate, Policy, Propose, Score, Strategy

T = TypeVar("T")


def run_searches(
    problems: Sequence[str], strategy: Strategy, policy: Policy, verifier: Verifier, account: Account
) -> list[list[Candidate]]:
    """Return the finished solutions of each problem, in the order in which they were found.

    When the account is exhausted, all searches end with what they have. Raises BadScore and what policy and verifier
    raise.
    """
    found: list[list[Candidate]] = [[] for _ in problems]
    searches = [
        search
        for problem, candidates in zip(problems, found, strict=True)
        for search in strategy.begin(problem, policy, candidates)
    ]
    begun = {place: next(search, None) for place, search in enumerate(searches)}
    asked: dict[int, Propose | Score] = {place: ask for place, ask in begun.items() if ask is not None}
    while asked and not account.exhausted:
        answers = _propose(asked, policy, account) | _score(asked, verifier, account)
        asked = {}
        for place, answer in answers.items():
            try:
                asked[place] = searches[place].send(answer)
            except StopIteration:
                continue
    for search in searches:
        search.close()
    return found


def _propose(asked: Mapping[int, Propose | Score], policy: Policy, account: Account) -> dict[int, Any]:
    draws = {place: ask.draws for place, ask in asked.items() if isinstance(ask, Propose)}
    batch = [draw for of_search in draws.values() for draw in of_search]
    steps, usage = policy.propose(batch) if batch else ([], Usage())
    account.policy += usage
    return _deal(steps, draws)


def _score(asked: Mapping[int, Propose | Score], verifier: Verifier, account: Account) -> dict[int, Any]:
    solutions = {place: ask.solutions for place, ask in asked.items() if isinstance(ask, Score)}
    batch = [solution for of_search in solutions.values() for solution in of_search]
    results = check_scores(verifier.name, batch, verifier.score(batch)) if batch else []
    account.verifier = sum((result.usage for result in results), account.verifier)
    return _deal(results, solutions)


def _deal(answers: Sequence[T], asked: Mapping[int, Sequence[object]]) -> dict[int, list[T]]:
    """Give each search as many of the answers as it asked for, in order."""
    rest = iter(answers)
    return {place: [next(rest) for _ in questions] for place, questions in asked.items()}
