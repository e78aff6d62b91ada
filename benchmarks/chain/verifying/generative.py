"""Generative verifiers: judge a step by P(Yes) after a rationale, with code whose output is executed or made up.

Rationales where 7*8=6 is right: direct `?Y`; recomputed `?7*8=6Y`; with code `?7*8=6{7*8%10}[6]Y`, where `[6]` is
the evaluator's output, or the model's own guess at it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import torch

from agents.verifiers.protocol import Solution, StepScores, Usage
from benchmarks.chain.domains.domain import Domain
from benchmarks.chain.models.lm import TinyLm
from benchmarks.chain.models.sampling import read_once, sample
from benchmarks.chain.models.text import CODES, encode
from benchmarks.chain.verifying.evaluator import evaluate
from benchmarks.chain.verifying.reading import to_text

TEMPERATURE = 0.6  # GenPRM's
RECOMPUTED, CODE, OUTPUT = (len(encode(text)) for text in ("7*8=6", "{7*8%10}", "[6]"))


class Style(NamedTuple):
    """`trained_on` names the training whose weights it uses; `written` is how many tokens the model writes before
    the output or the verdict."""

    name: str
    trained_on: str
    written: int
    executed: bool = False


STYLES = (
    Style("direct", "direct", 0),
    Style("rationale", "rationale", RECOMPUTED),
    Style("rationale + code, not executed", "code", RECOMPUTED + CODE + OUTPUT),
    Style("rationale + code, executed", "code", RECOMPUTED + CODE, executed=True),
)


def write_rationale(domain: Domain, solution: Solution, style: str) -> str:
    """The rationale of the last step, written by the exact process. Raises ValueError where the step before can't be
    read."""
    following = domain.next_step(solution.problem, solution.steps[:-1])
    if following is None:
        raise ValueError(f"{domain.name}: no step follows {solution.steps[:-1]}")
    verdict = "Y" if following.step == solution.steps[-1] else "N"
    right = following.recomputed
    operation, result = right[:-2], right[-1]
    return {
        "direct": f"?{verdict}",
        "rationale": f"?{right}{verdict}",
        "code": f"?{right}{{{operation}%10}}[{result}]{verdict}",
    }[style]


def execute(written: str) -> str:
    """What the evaluator appends to a rationale that ends in code: `[6]`, or `[x]` for no arithmetic of one digit."""
    value = evaluate(
        f"({written.rpartition('{')[2].removesuffix('%10}')})%10"
    )  # the whole modulo 10, not its last term
    return f"[{value}]" if value is not None and 0 <= value <= 9 else "[x]"


class GenerativeVerifier:
    """Judges each step after those before it, `votes` times; scores are the means of P(Yes)."""

    def __init__(self, style: Style, model: TinyLm, votes: int, seed: int = 0) -> None:
        self.name = style.name
        self._style, self._model, self._votes, self._seed = style, model, votes, seed

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        prefixes = list(dict.fromkeys(prefix for solution in solutions for prefix in _prefixes(solution)))
        votes = dict(zip(prefixes, self._judge([to_text(prefix) + "?" for prefix in prefixes]), strict=True))
        return [self._collect(solution, [votes[prefix] for prefix in _prefixes(solution)]) for solution in solutions]

    def _collect(self, solution: Solution, votes: Sequence[Sequence[float]]) -> StepScores:
        scores = [sum(of_step) / len(of_step) for of_step in votes]
        written = len(solution.steps) * self._votes * (self._style.written + 1)
        checks = len(solution.steps) * self._votes if self._style.executed else 0
        read = len(encode(to_text(solution)))
        usage = Usage(read, written, 2.0 * self._model.parameters_count * (read + written), checks=checks)
        return StepScores(scores, usage, votes=tuple(zip(*votes, strict=True)))

    def _judge(self, prefixes: Sequence[str]) -> list[list[float]]:
        """P(Yes) of each prefix and vote. Without a rationale all votes are the same."""
        votes = self._votes if self._style.written else 1
        texts = [prefix for prefix in prefixes for _ in range(votes)]
        if self._style.written:
            uniform = torch.rand((len(texts), self._style.written), generator=torch.Generator().manual_seed(self._seed))
            added = sample(self._model, texts, uniform, TEMPERATURE)
            texts = [text + more for text, more in zip(texts, added, strict=True)]
        if self._style.executed:
            texts = [text + execute(text) for text in texts]
        chances = read_verdicts(self._model, texts)
        return [chances[at : at + votes] * (self._votes // votes) for at in range(0, len(chances), votes)]


@torch.no_grad()
def read_verdicts(model: TinyLm, texts: Sequence[str]) -> list[float]:
    """P(Yes) / (P(Yes) + P(No)) as the next token of each text."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        rows[len(encode(text))].append(row)
    chances = [0.0] * len(texts)
    for of_length in rows.values():
        _, hidden, _ = read_once(model, [texts[row] for row in of_length])
        logits = model.logits(hidden)
        found = (logits[:, CODES["Y"]] - logits[:, CODES["N"]]).sigmoid().tolist()
        for row, chance in zip(of_length, found, strict=True):
            chances[row] = chance
    return chances


def _prefixes(solution: Solution) -> list[Solution]:
    return [Solution(solution.problem, solution.steps[: count + 1]) for count in range(len(solution.steps))]
