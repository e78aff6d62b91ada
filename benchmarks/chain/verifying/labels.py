"""Monte-Carlo labels: the share of completions of a prefix that reach the right answer (Math-Shepherd, GenPRM)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.verifiers.protocol import Solution
from benchmarks.chain.domains.domain import Domain
from benchmarks.chain.models.lm import TinyLm
from benchmarks.chain.models.rollouts import Rollouts, complete, is_right, split_steps
from benchmarks.chain.models.text import encode
from benchmarks.chain.verifying.reading import to_text

COMPLETIONS = 8


class Labels(NamedTuple):
    """`values[i]` are the shares before the first step of `solutions[i]` and after each; `tokens` is what the
    completions wrote."""

    solutions: list[Solution]
    values: list[list[float]]
    tokens: int


def label_steps(path: Path, domain: Domain, policy: TinyLm, rollouts: Rollouts, per_problem: int, seed: int) -> Labels:
    """Labels of the first solutions of each problem, equal ones once; from `path` where they lie already."""
    rows = [(p, list(dict.fromkeys(rollouts.solutions[p][:per_problem]))) for p in range(len(rollouts.problems))]
    solutions = [solution for _, of_problem in rows for solution in of_problem]
    prefixes = list(dict.fromkeys(prefix for solution in solutions for prefix in _prefixes(solution)))
    if not path.exists():
        _save(path, *_complete_all(domain, policy, prefixes, seed))
    with np.load(path) as stored:
        shares, tokens = stored["shares"].tolist(), int(stored["tokens"])
    share = dict(zip(prefixes, shares, strict=True))
    values = [
        guard(
            [
                rollouts_share(rollouts, p),
                *(share[prefix] for prefix in _prefixes(solution)),
                float(is_right(domain, solution)),
            ]
        )
        for p, of_problem in rows
        for solution in of_problem
    ]
    return Labels(solutions, values, tokens)


def guard(values: Sequence[float]) -> list[float]:
    """After the first value of 0 all later ones are 0: what can't be completed can't become right (GenPRM)."""
    kept: list[float] = []
    for value in values:
        kept.append(0.0 if kept and kept[-1] == 0 else value)
    return kept


def ratio_labels(values: Sequence[float], least: float = 0.8) -> list[bool]:
    """GenPRM's label of each step: value after it at least `least` x value before it; false after a value of 0."""
    guarded = guard(values)
    return [before > 0 and after / before >= least for before, after in itertools.pairwise(guarded)]


def rollouts_share(rollouts: Rollouts, problem: int) -> float:
    return sum(rollouts.right[problem]) / len(rollouts.right[problem])


def _prefixes(solution: Solution) -> list[Solution]:
    """All that lack a step, but for the problem alone."""
    return [Solution(solution.problem, solution.steps[:count]) for count in range(1, len(solution.steps))]


def _complete_all(domain: Domain, policy: TinyLm, prefixes: Sequence[Solution], seed: int) -> tuple[list[float], int]:
    rows = [prefix for prefix in prefixes for _ in range(COMPLETIONS)]
    added = complete(domain, policy, [to_text(prefix) for prefix in rows], seed)
    right = [
        is_right(domain, Solution(prefix.problem, (*prefix.steps, *split_steps(text))))
        for prefix, text in zip(rows, added, strict=True)
    ]
    shares = np.array(right, dtype=float).reshape(-1, COMPLETIONS).mean(1).tolist() if right else []
    return shares, sum(len(encode(text)) for text in added)


def _save(path: Path, shares: Sequence[float], tokens: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new.npz")
    np.savez_compressed(beside, shares=np.array(shares), tokens=tokens)
    beside.replace(path)
