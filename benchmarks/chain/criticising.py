"""Part (b'): the generative verifier as a critic: the policy writes anew from the step that is judged wrong, three times.

The tiny policy can't read a criticism, so the verdict acts by its place alone. Against it: writing anew from a step drawn
at random, and majority at the nearest number of tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from agents.verifiers.protocol import Solution, StepScores
from benchmarks.chain.bench import Bench
from benchmarks.chain.judging import train_judge
from benchmarks.chain.metrics import bootstrap, find_first_error, subtract
from benchmarks.chain.models.rollouts import complete, is_right, make_problems, split_steps
from benchmarks.chain.models.text import encode
from benchmarks.chain.results import Results
from benchmarks.chain.verifying.generative import STYLES, GenerativeVerifier
from benchmarks.chain.verifying.reading import to_text

TURNS = 3
Find = Callable[[StepScores], int]
"""Scores of a solution -> the place of the step to begin anew from, -1: keep the solution."""


def run_criticising(bench: Bench, results: Results) -> None:
    """Write the share of right answers and the tokens so far after each turn, and the gain over blind and majority."""
    name = f"{bench.domain.name}/b/critic"
    if results.has(f"{name}/0"):
        return
    problems = make_problems(bench.domain, bench.settings.search_problems, "search", bench.domain.lengths)
    style = STYLES[-1]
    critic = GenerativeVerifier(style, train_judge(bench, style.trained_on), votes=1)
    random = Random(0)
    guided, tokens = _improve(bench, problems, critic, lambda scores: find_first_error(scores.scores, 0.5))
    blind, _ = _improve(bench, problems, critic, lambda scores: random.randrange(len(scores.scores)))
    majorities = [line for line in results.under(bench.domain.name, "c", "search", "m") if "majority" in line["right"]]
    for turn in range(TURNS + 1):
        floor = min(majorities, key=lambda line: abs(line["tokens"] - tokens[turn]))
        results.add(
            f"{name}/{turn}",
            critic=list(bootstrap(guided[turn])),
            over_blind=list(bootstrap(subtract(guided[turn], blind[turn]))),
            over_majority=list(bootstrap(subtract(guided[turn], floor["right"]["majority"]))),
            tokens=tokens[turn],
            majority_tokens=floor["tokens"],
        )


def _improve(
    bench: Bench, problems: Sequence[str], critic: GenerativeVerifier, find: Find
) -> tuple[list[list[float]], list[float]]:
    """After the first solution and each turn: per problem 1 if it is right; tokens per problem so far. The solution that
    the last turn leaves isn't judged."""
    solutions, written = _write_anew(bench, [Solution(problem, ()) for problem in problems], 0)
    spent = written + sum(len(encode(problem)) for problem in problems)
    right, tokens = [_check(bench, solutions)], [spent / len(problems)]
    for turn in range(1, TURNS + 1):
        scores = critic.score(solutions)
        places = [find(one) for one in scores]
        kept = [
            solution if place < 0 else Solution(solution.problem, solution.steps[:place])
            for solution, place in zip(solutions, places, strict=True)
        ]
        solutions, written = _write_anew(bench, kept, turn)
        spent += written + sum(one.usage.tokens for one in scores)
        right.append(_check(bench, solutions))
        tokens.append(spent / len(problems))
    return right, tokens


def _write_anew(bench: Bench, prefixes: Sequence[Solution], seed: int) -> tuple[list[Solution], int]:
    added = complete(bench.domain, bench.policy, [to_text(prefix) for prefix in prefixes], 100 + seed)
    whole = [
        Solution(prefix.problem, (*prefix.steps, *split_steps(text)))
        for prefix, text in zip(prefixes, added, strict=True)
    ]
    return whole, sum(len(encode(text)) for text in added)


def _check(bench: Bench, solutions: Sequence[Solution]) -> list[float]:
    return [float(is_right(bench.domain, solution)) for solution in solutions]
