"""`judge` end to end on simulated runs: false "supported" per run, and power. Writes a Markdown table.

    python -m benchmarks.judging.simulate [--runs 200] [--out FILE]

The same `weigh`, `decide` and looks as the node, in cycles of 5 hypotheses with seeds bought from 3 to 5 to 8, the
baseline drawn anew in every run. Power is for a true effect of 2 SD of the paired difference at one seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import beta

from agents.judging.decide import decide, open_to_seeds
from agents.judging.evidence import Arm, Evidence, weigh
from agents.judging.rules import Rules
from benchmarks.judging.worlds import Draw, World, draw, resampling
from pelagos.nouns import Direction, Metric, VerdictKind
from pelagos.settings import Judge

HYPOTHESES, PER_CYCLE, EFFECT = 50, 5, 2.0
METRIC = Metric(name="simulated", direction=Direction.UP, min_effect=1e-6)
WORLDS = (
    World("seeds only, all items alike", 0.0, noise="shift"),
    World("seeds only, each item", 0.0, noise="each"),
    World("items / seeds = 0.25", 0.25),
    World("items / seeds = 1", 1.0),
    World("items / seeds = 4", 4.0),
    World("no chance in training (variance 0 over seeds)", np.inf),
    World("skewed items, share 1", 1.0, items=90, noise="each", skewed=True),
    World("accuracy on 60 items, share 1", 1.0, items=60, discrete=True),
    World("accuracy on 60 items, no chance in training", np.inf, items=60, discrete=True),
    World("accuracy on 400 items, share 0", 0.0, items=400, discrete=True),
)


class Judged(NamedTuple):
    """Places of the hypotheses that hold as supported in the end, and of those that ever did, cycle by cycle."""

    final: set[int]
    ever: set[int]


def judged(drawn: Draw, rules: Rules, per_cycle: int = PER_CYCLE) -> Judged:
    """A run in cycles of `per_cycle` hypotheses; after each, seeds are bought look by look until nothing is open."""
    evidences: dict[str, Evidence] = {}
    ever: set[int] = set()
    final: set[int] = set()
    for first in range(0, len(drawn.candidates), per_cycle):
        fresh = range(first, min(first + per_cycle, len(drawn.candidates)))
        bought = {str(i): rules.looks[0] for i in fresh}
        while bought:
            evidences |= {name: _weigh(drawn, int(name), seeds, rules) for name, seeds in bought.items()}
            rulings = decide(evidences, METRIC, rules)
            final = {int(name) for name, ruling in rulings.items() if ruling.kind is VerdictKind.SUPPORTED}
            ever |= final
            bought = _bought({name: e for name, e in evidences.items() if open_to_seeds(e, rulings[name])}, rules)
    return Judged(final, ever)


def _weigh(drawn: Draw, place: int, seeds: int, rules: Rules) -> Evidence:
    order = sorted(drawn.base.scores)[:seeds]
    return weigh(_first(drawn.base, order), _first(drawn.candidates[place], order), METRIC, order, rules)


def _bought(still_open: Mapping[str, Evidence], rules: Rules) -> dict[str, int]:
    """Hypothesis -> seeds after the next look; without those at the last one."""
    looks = {name: rules.next_look(evidence.seeds) for name, evidence in still_open.items()}
    return {name: look for name, look in looks.items() if look is not None}


def _first(arm: Arm, seeds: Sequence[int]) -> Arm:
    return Arm({seed: arm.scores[seed] for seed in seeds}, {seed: arm.replicates[seed] for seed in seeds})


def simulate(world: World, runs: int, effects: Sequence[float], seed: int) -> list[Judged]:
    """`runs` runs whose hypotheses have these true effects, in SD of one paired difference at one seed."""
    rng = np.random.default_rng(seed)
    rules = Rules.of(Judge(), seeds=8, hypotheses=len(effects))
    weights = resampling(world.items)
    return [judged(draw(world, np.array(effects), rules.looks[-1], rng, weights), rules) for _ in range(runs)]


def power(world: World, runs: int, effects: Sequence[float], seed: int) -> float:
    """Share of runs in which the first hypothesis is supported in the end."""
    return sum(0 in one.final for one in simulate(world, runs, effects, seed)) / runs


def clopper_pearson(hits: int, runs: int, confidence: float = 0.95) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, runs - hits + 1))
    high = 1.0 if hits == runs else float(beta.ppf(1 - tail, hits + 1, runs - hits))
    return low, high


def row(world: World, runs: int) -> str:
    nulls = simulate(world, runs, [0.0] * HYPOTHESES, seed=1)
    many, ever = (_share(sum(map(bool, found)), runs) for found in zip(*nulls, strict=True))
    single = _share(sum(bool(one.final) for one in simulate(world, 10 * runs, [0.0], seed=4)), 10 * runs)
    alone = power(world, 5 * runs, [EFFECT], seed=2)
    among = power(world, runs, [EFFECT, *[0.0] * (HYPOTHESES - 1)], seed=3)
    return f"| {world.name} | {many} | {ever} | {single} | {alone:.2f} | {among:.2f} |"


def _share(hits: int, runs: int) -> str:
    low, high = clopper_pearson(hits, runs)
    return f"{hits} of {runs} ({low:.3f} to {high:.3f})"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(argv)
    started = time.perf_counter()
    lines = [
        "| world | runs of 50 nulls with a false supported | at any time in the run | runs of 1 null | "
        "power, alone | power, 1 of 50 |",
        "|---|---|---|---|---|---|",
    ]
    for world in WORLDS:
        lines.append(row(world, options.runs))
        print(lines[-1], flush=True)
    seconds = time.perf_counter() - started
    nulls = options.runs * HYPOTHESES
    lines += [
        "",
        f"{nulls} nulls per row; `python -m benchmarks.judging.simulate --runs {options.runs}`: {seconds:.0f} s.",
    ]
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
