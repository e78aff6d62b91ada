"""What a model reads of solutions: batches of whole texts, where steps end in them, and tokens as a prefix cache counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from agents.verifiers.protocol import Solution, StepScores, Usage
from benchmarks.chain.models.lm import HeadLm, TinyLm
from benchmarks.chain.models.text import COLON, encode, encode_batch, find_boundaries

ROWS = 512


class PrefixCache:
    """Counts the tokens of solutions that weren't read before, as an engine with a prefix cache computes them."""

    def __init__(self) -> None:
        self._read: set[Solution] = set()

    def add(self, solution: Solution) -> int:
        """Return how many tokens are new."""
        new = 0
        for count in range(len(solution.steps), -1, -1):
            prefix = Solution(solution.problem, solution.steps[:count])
            if prefix in self._read:
                return new
            self._read.add(prefix)
            new += len(encode(solution.steps[count - 1] if count else solution.problem))
        return new


class MemoVerifier:
    """A verifier that scores each solution once and counts what a prefix cache would compute of each call.

    `compute` gives scores and rewards of solutions; `parameters` are those of all models that read them, `models` how
    many read them. `begin` empties the cache: a new search begins.
    """

    def __init__(
        self, name: str, compute: Callable[[Sequence[Solution]], list[StepScores]], parameters: int, models: int
    ) -> None:
        self.name, self._compute, self._parameters, self._models = name, compute, parameters, models
        self._memo: dict[Solution, StepScores] = {}
        self._cache = PrefixCache()

    def begin(self) -> None:
        self._cache = PrefixCache()

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        missing = [solution for solution in dict.fromkeys(solutions) if solution not in self._memo]
        self._memo.update(zip(missing, self._compute(missing), strict=True))
        return [self._memo[solution]._replace(usage=self._count(solution)) for solution in solutions]

    def _count(self, solution: Solution) -> Usage:
        new = self._cache.add(solution)
        if not self._models:
            return Usage(checks=1)
        return Usage(read=self._models * new, flops=2.0 * self._parameters * new)


def to_text(solution: Solution) -> str:
    return solution.problem + "".join(solution.steps)


@torch.no_grad()
def read_boundaries(solutions: Sequence[Solution], compute: Callable[[Tensor], Tensor]) -> Iterator[list[float]]:
    """For each solution `compute(tokens)` at the end of its problem and of each step. `compute` gives (rows, length)."""
    for at in range(0, len(solutions), ROWS):
        batch = solutions[at : at + ROWS]
        tokens = encode_batch([to_text(solution) for solution in batch])
        found = compute(tokens)
        ends = find_boundaries(tokens)
        for row, solution in enumerate(batch):
            values = found[row][ends[row]].tolist()
            yield values[: 1 + len(solution.steps)]


def value_log_odds(model: HeadLm) -> Callable[[Tensor], Tensor]:
    return model.odds


def summed_log_ratio(model: TinyLm, reference: TinyLm) -> Callable[[Tensor], Tensor]:
    """(rows, length): log pi / pi_ref of all tokens up to each one, the problem's left out, in nats."""

    def compute(tokens: Tensor) -> Tensor:
        ratio = token_log_ratio(model, reference, tokens)
        return torch.cat((torch.zeros(len(tokens), 1), ratio.cumsum(1)), 1)

    return compute


def token_log_ratio(model: TinyLm, reference: TinyLm, tokens: Tensor, shifts: Tensor | None = None) -> Tensor:
    """(rows, length - 1), 0 where a token belongs to the problem."""
    ours = model.log_probabilities(tokens, model.read(tokens, shifts)[0])
    with torch.no_grad():
        theirs = reference.log_probabilities(tokens, reference.read(tokens, shifts)[0])
    return (ours - theirs) * in_solution(tokens)


def in_solution(tokens: Tensor) -> Tensor:
    """(rows, length - 1): which of the tokens from the second on come after the problem, padding included."""
    return (tokens == COLON).cumsum(1)[:, :-1] > 0
