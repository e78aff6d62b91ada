"""Part (b): generative verifiers, with and without a rationale, with code executed or not, by the number of votes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import torch
from torch import Tensor

from agents.verifiers.protocol import Solution
from benchmarks.chain.bench import KNOWN, LONG, UNSEEN, Bench
from benchmarks.chain.domains.domain import Domain
from benchmarks.chain.metrics import Judged, bootstrap_f1, find_first_error, fit_threshold
from benchmarks.chain.models.lm import TinyLm, deepen
from benchmarks.chain.models.policies import draw_shifts
from benchmarks.chain.models.text import PAD, QUESTION, encode_batch
from benchmarks.chain.models.training import Plan, train
from benchmarks.chain.ranking import first_error, pick_localised
from benchmarks.chain.results import Results
from benchmarks.chain.verifying.generative import STYLES, GenerativeVerifier, write_rationale
from benchmarks.chain.verifying.reading import to_text

SPLITS = (KNOWN, UNSEEN, LONG)
VOTES = (1, 4, 8)
BATCH, RATE, HELD_OUT = 64, 2e-3, 10
LAYERS = 2  # more than the policy
COMPARISONS = (
    ("rationale + code, executed", "direct"),
    ("rationale", "direct"),
    ("rationale + code, executed", "rationale + code, not executed"),
    ("rationale + code, executed", "rationale"),
)


def run_judging(bench: Bench, results: Results) -> None:
    """Write F1 of each style, split and number of votes, and the paired differences that the rules ask for."""
    domain = bench.domain
    judged: dict[tuple[str, str, int], list[Judged]] = {}
    for style in STYLES:
        verifier = GenerativeVerifier(style, train_judge(bench, style.trained_on), max(VOTES))
        for split in SPLITS:
            keys = {n: f"{domain.name}/b/f1/{split}/{style.name}/{n}" for n in VOTES}
            if not all(results.has(key) for key in keys.values()):
                found = _judge(bench, verifier, split)
                for n, key in keys.items():
                    results.once(key, _describe, found[n])
    for line in results.under(domain.name, "b", "f1"):
        split, style_name, n = line["key"].split("/")[3:]
        judged[split, style_name, int(n)] = [Judged(*one) for one in line["judged"]]
    _compare(results, domain.name, judged)


def train_judge(bench: Bench, style: str) -> TinyLm:
    texts = [to_text(step) + write_rationale(bench.domain, step, style) for step in pick_steps(bench)]
    tokens = encode_batch(texts)
    kept = len(tokens) - len(tokens) // HELD_OUT

    def loss(model: TinyLm, update: int) -> Tensor:
        random = Random(update)
        rows = tokens[torch.tensor([random.randrange(kept) for _ in range(BATCH)])]
        return rationale_loss(model, rows, draw_shifts(rows, random))

    def held_out(model: TinyLm) -> float:
        return float(rationale_loss(model, tokens[kept:], None))

    plan = Plan(loss, held_out, bench.settings.generative_updates, RATE)
    return train(bench.folder / f"judge-{style}.pt", deepen(bench.policy, LAYERS), plan)


def rationale_loss(model: TinyLm, tokens: Tensor, shifts: Tensor | None) -> Tensor:
    """Cross-entropy of what follows the "?", in nats per token."""
    hidden, _ = model.read(tokens, shifts)
    mask = ((tokens == QUESTION).cumsum(1)[:, :-1] > 0) & (tokens[:, 1:] != PAD)
    return -model.log_probabilities(tokens, hidden)[mask].mean()


def pick_steps(bench: Bench) -> list[Solution]:
    """Prefixes up to each step until the first error, from as many right as erroneous training solutions; steps of one
    problem are neighbours."""
    steps: list[Solution] = []
    for of_problem in bench.training.solutions:
        distinct = dict.fromkeys(one for one in of_problem if _is_readable(bench.domain, one))
        errors = {solution: first_error(bench.domain, solution) for solution in distinct}
        wrong = [solution for solution in distinct if errors[solution] >= 0]
        right = [solution for solution in distinct if errors[solution] < 0]
        for solution in islice((one for pair in zip(wrong, right, strict=False) for one in pair), 2):
            last = errors[solution] if errors[solution] >= 0 else len(solution.steps) - 1
            steps += [Solution(solution.problem, solution.steps[: count + 1]) for count in range(last + 1)]
    return steps[: bench.settings.generative_steps]


def _is_readable(domain: Domain, solution: Solution) -> bool:
    return all(domain.claim(step) is not None for step in solution.steps)


def _judge(bench: Bench, verifier: GenerativeVerifier, split: str) -> dict[int, list[Judged]]:
    places = [place for place in pick_localised(bench, bench.splits[split]) if split != KNOWN or place[0] % 2]
    found = _score(bench, verifier, split, places)
    return {n: [_locate(one, n, 0.5) for one in found] for n in VOTES}


class Scored(NamedTuple):
    """A solution of problem `problem` whose first error is at `error`; `votes` are those of each path."""

    problem: int
    error: int
    votes: Sequence[Sequence[float]]


def _score(bench: Bench, verifier: GenerativeVerifier, split: str, places: Sequence[tuple[int, int]]) -> list[Scored]:
    places = _spread(places, bench.settings.generative_solutions)
    solutions = [bench.splits[split].solutions[p][s] for p, s in places]
    return [
        Scored(p, first_error(bench.domain, solution), one.votes)
        for (p, _), solution, one in zip(places, solutions, verifier.score(solutions), strict=True)
    ]


def _locate(one: Scored, n: int, threshold: float) -> Judged:
    return Judged(one.problem, one.error, find_first_error(_mean_votes(one.votes[:n]), threshold))


def run_tuned(bench: Bench, results: Results) -> None:
    """The same with all votes and a threshold tuned on the other half of the known traps' problems, as heads have it."""
    n = max(VOTES)
    for style in STYLES:
        keys = {split: f"{bench.domain.name}/b/tuned/{split}/{style.name}" for split in SPLITS}
        if all(results.has(key) for key in keys.values()):
            continue
        verifier = GenerativeVerifier(style, train_judge(bench, style.trained_on), n)
        places = {split: pick_localised(bench, bench.splits[split]) for split in SPLITS}
        tuning = _score(bench, verifier, KNOWN, [place for place in places[KNOWN] if place[0] % 2 == 0])
        cut = fit_threshold([_mean_votes(one.votes) for one in tuning], [one.error for one in tuning])
        for split, key in keys.items():
            chosen = [place for place in places[split] if split != KNOWN or place[0] % 2]
            judged = [_locate(one, n, cut) for one in _score(bench, verifier, split, chosen)]
            results.once(key, _describe_tuned, judged, cut)


def _describe_tuned(judged: Sequence[Judged], threshold: float) -> dict[str, Any]:
    return {"f1": list(bootstrap_f1(judged)), "threshold": threshold, "solutions": len(judged)}


def _spread(places: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """At most `most` of them, over all problems."""
    return [places[at * len(places) // min(most, len(places))] for at in range(min(most, len(places)))]


def _mean_votes(votes: Sequence[Sequence[float]]) -> list[float]:
    return [sum(of_step) / len(of_step) for of_step in zip(*votes, strict=True)]


def _compare(results: Results, name: str, judged: dict[tuple[str, str, int], list[Judged]]) -> None:
    for split in SPLITS:
        for n in VOTES:
            for one, other in COMPARISONS:
                pair = judged[split, one, n], judged[split, other, n]
                results.once(f"{name}/b/difference/{split}/{one} - {other}/{n}", _describe_difference, *pair)
        for style in STYLES:
            pair = judged[split, style.name, max(VOTES)], judged[split, style.name, 1]
            results.once(f"{name}/b/votes/{split}/{style.name}", _describe_difference, *pair)


def _describe(judged: Sequence[Judged]) -> dict[str, Any]:
    return {"f1": list(bootstrap_f1(judged)), "judged": judged, "solutions": len(judged)}


def _describe_difference(judged: Sequence[Judged], other: Sequence[Judged]) -> dict[str, Any]:
    return {"f1": list(bootstrap_f1(judged, other))}
