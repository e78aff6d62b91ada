"""Solutions sampled by a policy, kept as compressed arrays of text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import torch

from agents.verifiers.protocol import Solution
from benchmarks.chain.domains.domain import Domain, Traps, answer, solve, write_solution
from benchmarks.chain.models.lm import TinyLm
from benchmarks.chain.models.sampling import sample
from benchmarks.chain.models.text import encode


class Rollouts(NamedTuple):
    """`solutions[p]` are those of problem p; `right[p]` whether the outcome of each is right; `tokens` is what sampling
    them wrote and read, each problem read once."""

    problems: list[str]
    solutions: list[list[Solution]]
    right: list[list[bool]]
    tokens: int

    @property
    def outcomes(self) -> tuple[list[Solution], torch.Tensor]:
        """All solutions, those of one problem side by side, and 1 where one is right."""
        solutions = [solution for row in self.solutions for solution in row]
        return solutions, torch.tensor([float(one) for row in self.right for one in row])


def make_problems(domain: Domain, count: int, seed: str, lengths: Sequence[int]) -> list[str]:
    """Distinct problems."""
    random, problems = Random(seed), dict[str, None]()
    while len(problems) < count:
        problems[domain.make_problem(random.choice(lengths), random)] = None
    return list(problems)


def sample_rollouts(path: Path, domain: Domain, policy: TinyLm, problems: Sequence[str], n: int, seed: int) -> Rollouts:
    """`n` samples of each problem, from `path` where they lie already."""
    if not path.exists():
        _save(path, problems, complete(domain, policy, [problem for problem in problems for _ in range(n)], seed), n)
    return read_rollouts(path, domain)


def write_rollouts(path: Path, domain: Domain, problems: Sequence[str], n: int, traps: Traps, noise: float) -> Rollouts:
    """The same by the noisy process instead of a policy."""
    if not path.exists():
        random = Random(path.name)
        solutions = [write_solution(domain, problem, traps, noise, random) for problem in problems for _ in range(n)]
        _save(path, problems, ["".join(solution.steps) for solution in solutions], n)
    return read_rollouts(path, domain)


def complete(domain: Domain, policy: TinyLm, prefixes: Sequence[str], seed: int) -> list[str]:
    """Complete each prefix to a whole solution; return what was added."""
    missing = [_count_missing(domain, prefix) for prefix in prefixes]
    longest = max(missing, default=0) * domain.step_tokens
    uniform = torch.rand((len(prefixes), longest), generator=torch.Generator().manual_seed(seed))
    added = [""] * len(prefixes)
    for steps in sorted(set(missing) - {0}):
        rows = [row for row, count in enumerate(missing) if count == steps]
        length = steps * domain.step_tokens
        texts = sample(policy, [prefixes[row] for row in rows], uniform[torch.tensor(rows), :length])
        for row, text in zip(rows, texts, strict=True):
            added[row] = text
    return added


def split_steps(text: str) -> tuple[str, ...]:
    """Steps of a solution's text. A rest without an end is a step, too; a digit is added where it is more than digits, so that
    it can be written in tokens."""
    parts = text.split(";")
    rest = parts.pop()
    steps = [part + ";" for part in parts]
    if rest:
        steps.append(f"{rest};" if rest.isdigit() else f"{rest}0;")
    return tuple(steps)


def read_rollouts(path: Path, domain: Domain) -> Rollouts:
    with np.load(path) as stored:
        problems = [problem.decode() for problem in stored["problems"].tolist()]
        texts = [[text.decode() for text in row] for row in stored["texts"].tolist()]
    solutions = [
        [Solution(problem, split_steps(text)) for text in row] for problem, row in zip(problems, texts, strict=True)
    ]
    right = [[is_right(domain, solution) for solution in row] for row in solutions]
    return Rollouts(
        problems,
        solutions,
        right,
        sum(len(encode(text)) for text in [*problems, *(text for row in texts for text in row)]),
    )


def is_right(domain: Domain, solution: Solution) -> bool:
    return answer(domain, solution) == answer(domain, solve(domain, solution.problem))


def _count_missing(domain: Domain, prefix: str) -> int:
    problem, _, steps = prefix.partition(":")
    return max(0, domain.count_steps(problem) - steps.count(";"))


def _save(path: Path, problems: Sequence[str], texts: Sequence[str], n: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new.npz")
    np.savez_compressed(beside, problems=np.char.encode(problems), texts=np.char.encode(texts).reshape(-1, n))
    beside.replace(path)
