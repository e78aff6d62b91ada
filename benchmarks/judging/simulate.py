"""Simulates the two stages end to end: false claims, power, and what a true finding costs. Prints a Markdown table.

    python -m benchmarks.judging.simulate [--runs 200] [--projects 20] [--out FILE]

It uses the `weigh`, `decide_validation`, `worth_more_seeds`, `is_tested_at_once` and `decide_claim` of the nodes and
their order of tests; levels follow the rule of `AlphaBudget` (half of what is left; what holds gives its level back). A
project has several runs on one sealed part: its items, and the baseline's scores on them, are drawn once for all of them. Compared on the same worlds:
the rule that went before (`former.py`), a t-test each at 0.05, "higher is better", and an oracle that is told which one
to test."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import beta

from agents.judging.decide import decide_claim, decide_validation, is_tested_at_once, worth_more_seeds
from agents.judging.rules import Rules
from benchmarks.judging import former
from benchmarks.judging.worlds import WORLDS, Draw, World, draw, draw_resamples, take_seeds
from pelagos.nouns import Direction, Metric, VerdictKind
from pelagos.settings import Judge
from tools.evidence import Evidence
from tools.paired.weigh import weigh

HYPOTHESES, PROJECT_RUNS = 50, 10
METRIC = Metric(name="simulated", direction=Direction.UP, min_effect=1e-6)
JUDGE = Judge()
RULES = Rules.from_settings(JUDGE, seeds=8)
SEEDS = RULES.looks[-1]


class RunResult(NamedTuple):
    """Indices of the hypotheses that were claimed, and the number of experiments, the baseline's included."""

    claimed: set[int]
    experiments: int


class Wealth:
    """The level that is left of one sealed part."""

    def __init__(self, alpha: float = JUDGE.alpha, share: float = JUDGE.spend) -> None:
        self.left, self._share = alpha, share

    def test(self, evidence: Evidence) -> bool:
        level = self.left * self._share
        holds = decide_claim(evidence, METRIC, level).kind is VerdictKind.SUPPORTED
        if not holds:
            self.left -= level
        return holds


def simulate_run(validation: Draw, sealed: Draw, wealth: Wealth) -> RunResult:
    """Simulate one run, one hypothesis after the other; those that stay promising are tested at its end."""
    claimed, waiting, experiments, tests = set[int](), dict[int, float](), SEEDS, 0
    for index in range(len(validation.candidates)):
        evidence = _weigh_by_looks(validation, index)
        experiments += evidence.seeds
        ruling = decide_validation(evidence, METRIC)
        if is_tested_at_once(evidence, ruling):
            tests += 1
            if wealth.test(_weigh_all_seeds(sealed, index)):
                claimed.add(index)
        elif ruling.kind is VerdictKind.PROMISING:
            waiting[index] = evidence.p_value
    for index in sorted(waiting, key=lambda index: waiting[index]):
        tests += 1
        if not wealth.test(_weigh_all_seeds(sealed, index)):
            break
        claimed.add(index)
    return RunResult(claimed, experiments + SEEDS * (tests + bool(tests)))


def _weigh_by_looks(drawn: Draw, index: int) -> Evidence:
    """Return the evidence on seeds that are bought look by look, as the node buys them."""
    seeds = RULES.looks[0]
    while True:
        evidence = _weigh(drawn, index, seeds)
        look = RULES.next_look(seeds)
        if look is None or not worth_more_seeds(evidence, decide_validation(evidence, METRIC)):
            return evidence
        seeds = look


def _weigh_all_seeds(drawn: Draw, index: int) -> Evidence:
    return _weigh(drawn, index, SEEDS)


def _weigh(drawn: Draw, index: int, seeds: int) -> Evidence:
    baseline, candidate = (take_seeds(arm, seeds) for arm in (drawn.baseline, drawn.candidates[index]))
    return weigh(baseline, candidate, METRIC, range(seeds), JUDGE.confidence)


def simulate_projects(
    world: World, count: int, runs: int, effects: Sequence[float], seed: int
) -> Iterator[list[RunResult]]:
    """Simulate `count` projects of `runs` runs each, whose hypotheses have these true effects, in SD of one paired
    difference."""
    rng, weights = np.random.default_rng(seed), draw_resamples(world.items)
    for _ in range(count):
        wealth, sealed = Wealth(), draw(world, np.tile(effects, runs), SEEDS, rng, weights)
        results = []
        for index in range(runs):
            candidates = sealed.candidates[index * len(effects) : (index + 1) * len(effects)]
            validation = draw(world, np.array(effects), SEEDS, rng, weights)
            results.append(simulate_run(validation, Draw(sealed.baseline, candidates), wealth))
        yield results


def simulate(world: World, runs: int, effects: Sequence[float], seed: int) -> list[RunResult]:
    """Simulate single runs, each with a sealed part of its own."""
    return [results[0] for results in simulate_projects(world, runs, 1, effects, seed)]


def estimate_power(world: World, runs: int, effects: Sequence[float], seed: int) -> float:
    """Return the share of runs in which the first hypothesis is claimed."""
    return sum(0 in result.claimed for result in simulate(world, runs, effects, seed)) / runs


def clopper_pearson(hits: int, runs: int, confidence: float = 0.95) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, runs - hits + 1))
    high = 1.0 if hits == runs else float(beta.ppf(1 - tail, hits + 1, runs - hits))
    return low, high


def make_false_row(world: World, runs: int, count: int) -> str:
    """Return the row of runs and projects of nulls alone in which anything was claimed."""
    many_hits = sum(bool(result.claimed) for result in simulate(world, runs, [0.0] * HYPOTHESES, seed=1))
    single_hits = sum(bool(result.claimed) for result in simulate(world, 10 * runs, [0.0], seed=4))
    five_nulls = [0.0] * 5
    project_hits = sum(
        any(result.claimed for result in results)
        for results in simulate_projects(world, count, PROJECT_RUNS, five_nulls, seed=6)
    )
    cells = (_format_share(many_hits, runs), _format_share(single_hits, 10 * runs), _format_share(project_hits, count))
    return f"| {world.name} | {' | '.join(cells)} |"


def make_power_row(world: World, runs: int, among: int, effect: float) -> str:
    """Return the row of one true effect among nulls: this rule, those it is compared with, and the cost."""
    effects = [effect, *[0.0] * (among - 1)]
    results = simulate(world, runs, effects, seed=3)
    hits = [0 in result.claimed for result in results]
    cells = [f"{np.mean(hits):.2f} ({np.mean([result.experiments for result in results]):.0f})"]
    cells += [f"{share:.2f} ({false:.2f})" for share, false in former.compare_rules(world, runs, effects, seed=3)]
    per_finding = sum(result.experiments for result in results) / max(1, sum(hits))
    return f"| {world.name} | {among} | {effect:g} | {' | '.join(cells)} | {per_finding:.0f} |"


def _format_share(hits: int, runs: int) -> str:
    low, high = clopper_pearson(hits, runs)
    return f"{hits} of {runs} ({low:.3f} to {high:.3f})"


def make_tables(runs: int, count: int) -> Iterator[str]:
    yield "| world | runs of 50 nulls with a false claim | runs of 1 null | projects of 10 runs of 5 nulls |"
    yield "|---|---|---|---|"
    for world in WORLDS:
        yield make_false_row(world, runs, count)
    yield ""
    heads = ("world", "K", "effect, SD", "two stages (experiments)", *former.NAMES, "experiments a true finding")
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for world in WORLDS:
        yield make_power_row(world, runs, HYPOTHESES, 2.0)
    for among, effect in ((4, 1.5), (4, 2.0), (20, 2.0), (50, 1.5)):
        yield make_power_row(WORLDS[3], runs, among, effect)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(argv)
    started, lines = time.process_time(), []
    for line in make_tables(options.runs, options.projects):
        lines.append(line)
        print(line, flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")
    print(f"{time.process_time() - started:.0f} s of processor time")


if __name__ == "__main__":
    main()
