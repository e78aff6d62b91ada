"""Part (a): verifiers trained on outcomes and on Monte-Carlo labels, compared as rankers and as localisers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from agents.verifiers.aggregate import AGGREGATES
from agents.verifiers.protocol import Solution, StepScores
from benchmarks.chain.bench import KNOWN, RATE, Bench, aggregate_of
from benchmarks.chain.domains.domain import Domain, answer, check_steps, solve
from benchmarks.chain.metrics import (
    Judged,
    bootstrap,
    bootstrap_f1,
    bootstrap_first_error,
    find_first_error,
    fit_threshold,
    pick_right,
    subtract,
)
from benchmarks.chain.models.rollouts import Rollouts
from benchmarks.chain.models.text import encode
from benchmarks.chain.models.training import read_training
from benchmarks.chain.results import Results
from benchmarks.chain.verifying.reading import MemoVerifier

ALL_VERIFIERS = ("orm", "implicit-0.1", "implicit-0.5", "mc", "mc-ratio", "rule")
FEW_VERIFIERS = ("orm", "implicit-0.5", "rule")


def run_ranking(bench: Bench, results: Results, verifiers: Sequence[str]) -> None:
    """Write one line per arm, split and N, one per localiser and split, one on what the data cost."""
    splits, name = bench.splits, bench.domain.name
    for split, rollouts in splits.items():
        results.once(f"{name}/a/pass@1/{split}", _describe_sampling, rollouts)
    for verifier_name in verifiers:
        if results.has(f"{name}/a/done/{verifier_name}"):
            continue
        verifier = bench.make_verifier(verifier_name)
        scores = {split: _score_all(verifier, rollouts) for split, rollouts in splits.items()}
        for split, rollouts in splits.items():
            _rank(bench, results, verifier_name, split, rollouts, scores[split])
        _localise(bench, results, verifier_name, scores)
        results.once(f"{name}/a/done/{verifier_name}", _describe_training, bench, verifier_name)
    if any(one.startswith("mc") for one in verifiers):
        results.once(f"{name}/a/cost", _count_data, bench)


Scores = list[list[StepScores]]
"""Problem x sample."""


def _score_all(verifier: MemoVerifier, rollouts: Rollouts) -> Scores:
    found = iter(verifier.score([solution for row in rollouts.solutions for solution in row]))
    return [list(islice(found, len(row))) for row in rollouts.solutions]


def _rank(bench: Bench, results: Results, verifier: str, split: str, rollouts: Rollouts, scores: Scores) -> None:
    """Best-of-N by max and vote, each beside majority on the same problems."""
    aggregate = AGGREGATES[aggregate_of(verifier)]
    weights = [[aggregate(one.scores) for one in row] for row in scores]
    answers = [[answer(bench.domain, solution) for solution in row] for row in rollouts.solutions]
    truths = [answer(bench.domain, solve(bench.domain, problem)) for problem in rollouts.problems]
    most = len(rollouts.solutions[0])
    for n in (count for count in (4, 16, 32) if count <= most):
        floor = pick_right(answers, weights, truths, n, "majority")
        key = f"{bench.domain.name}/a/rank/{split}"
        results.once(f"{key}/majority/{n}/majority", _describe_pick, floor, floor)
        for selection in ("max", "vote"):
            picked = pick_right(answers, weights, truths, n, selection)
            results.once(f"{key}/{verifier}/{n}/{selection}", _describe_pick, picked, floor)


def _describe_pick(picked: Sequence[float], floor: Sequence[float]) -> dict[str, Any]:
    return {**bootstrap(picked)._asdict(), "gain": list(bootstrap(subtract(picked, floor))), "picked": list(picked)}


def _localise(bench: Bench, results: Results, verifier: str, scores: dict[str, Scores]) -> None:
    """First-error accuracy without a threshold and F1 with the threshold of one half of the known traps."""
    cut = 0.5
    for split, rollouts in bench.splits.items():
        places = pick_localised(bench, rollouts)
        errors = [first_error(bench.domain, rollouts.solutions[p][s]) for p, s in places]
        rows = [scores[split][p][s] for p, s in places]
        if split == KNOWN:  # problems with even numbers tune the threshold
            dev = [at for at, (p, _) in enumerate(places) if p % 2 == 0]
            cut = fit_threshold([rows[at].scores for at in dev], [errors[at] for at in dev])
            test = [at for at, (p, _) in enumerate(places) if p % 2]
            places, errors, rows = [places[at] for at in test], [errors[at] for at in test], [rows[at] for at in test]
        key = f"{bench.domain.name}/a/localise/{split}/{verifier}"
        results.once(key, _measure_localiser, places, errors, rows, cut)


def _measure_localiser(
    places: Sequence[tuple[int, int]], errors: Sequence[int], rows: Sequence[StepScores], cut: float
) -> dict[str, Any]:
    guesses = [_lowest(one.rewards or one.scores) for one in rows]
    problems = [problem for problem, _ in places]
    guessed = [Judged(*one) for one in zip(problems, errors, guesses, strict=True)]
    found = [find_first_error(one.scores, cut) for one in rows]
    return {
        "first_error": list(bootstrap_first_error(guessed)),
        "f1": list(bootstrap_f1([Judged(*one) for one in zip(problems, errors, found, strict=True)])),
        "threshold": cut,
        "erroneous": sum(error >= 0 for error in errors),
        "solutions": len(rows),
    }


def _lowest(row: Sequence[float]) -> int:
    return min(range(len(row)), key=lambda place: row[place])


def pick_localised(bench: Bench, rollouts: Rollouts) -> list[tuple[int, int]]:
    """(problem, sample) of the first distinct solutions of each problem."""
    places = []
    for p, row in enumerate(rollouts.solutions):
        distinct: dict[Solution, int] = {}
        for s, solution in enumerate(row):
            if len(solution.steps) == bench.domain.count_steps(solution.problem):
                distinct.setdefault(solution, s)
        places += [(p, s) for s in islice(distinct.values(), bench.settings.localised)]
    return places


def first_error(domain: Domain, solution: Solution) -> int:
    return find_first_error([float(right) for right in check_steps(domain, solution)], 0.5)


def _describe_training(bench: Bench, verifier: str) -> dict[str, Any]:
    name = verifier.removesuffix("-ratio")
    paths = {
        path.stem: path
        for rate in {RATE, *bench.settings.orm_rates}
        if (path := bench.folder / f"{name}-{rate:g}.pt").exists()
    }
    return {"trainings": {stem: read_training(path) for stem, path in paths.items()}}


def _count_data(bench: Bench) -> dict[str, Any]:
    """Tokens of the data of the implicit verifier and of the labels, each per solution that they label."""
    rollouts, labels = bench.training, bench.labels
    implicit = rollouts.tokens / sum(map(len, rollouts.solutions))
    own = sum(len(encode("".join(solution.steps))) for solution in labels.solutions)
    monte_carlo = (labels.tokens + own) / len(labels.solutions)
    return {
        "implicit": implicit,
        "monte_carlo": monte_carlo,
        "ratio": monte_carlo / implicit,
        "labelled": len(labels.solutions),
    }


def _describe_sampling(rollouts: Rollouts) -> dict[str, Any]:
    samples = [one for row in rollouts.right for one in row]
    return {"pass@1": sum(samples) / len(samples), "problems": len(rollouts.problems)}
