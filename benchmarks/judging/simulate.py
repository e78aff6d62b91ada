"""`judge` end to end on simulated runs: false "supported" per run, and power. Writes a Markdown table.

    python -m benchmarks.judging.simulate [--runs 200] [--out FILE]

The same `weigh`, `decide` and seed-buying as the node, the baseline drawn anew in every run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import beta

from agents.judging.decide import Ruling, decide, open_to_seeds
from agents.judging.evidence import NOTHING, Arm, Evidence, weigh
from agents.judging.rules import Rules
from benchmarks.judging.worlds import Draw, World, draw, resampling
from pelagos.nouns import Direction, Metric, VerdictKind
from pelagos.settings import Judge

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


def judged(drawn: Draw, rules: Rules) -> tuple[dict[str, Ruling], dict[str, Evidence]]:
    """Buys seeds look by look, as the node does, until nothing is open; the verdicts that hold in the end."""
    names = [str(i) for i in range(len(drawn.candidates))]
    bought = dict.fromkeys(names, rules.looks[0])
    evidences = dict.fromkeys(names, NOTHING)
    order = sorted(drawn.base.scores)
    stale = names
    while True:
        for name in stale:
            base, candidate = (_first(arm, order[: bought[name]]) for arm in (drawn.base, drawn.candidates[int(name)]))
            evidences[name] = weigh(base, candidate, METRIC, order, rules)
        rulings = decide(evidences, METRIC, rules)
        stale = [name for name in names if open_to_seeds(evidences[name], rulings[name]) and _more(bought, name, rules)]
        if not stale:
            return rulings, evidences
        bought |= {name: rules.next_look(bought[name]) or bought[name] for name in stale}


def _more(bought: dict[str, int], name: str, rules: Rules) -> bool:
    return rules.next_look(bought[name]) is not None


def _first(arm: Arm, seeds: Sequence[int]) -> Arm:
    return Arm({seed: arm.scores[seed] for seed in seeds}, {seed: arm.replicates[seed] for seed in seeds})


def supported(rulings: dict[str, Ruling]) -> set[int]:
    return {int(name) for name, ruling in rulings.items() if ruling.kind is VerdictKind.SUPPORTED}


def false_runs(world: World, runs: int, hypotheses: int, seed: int) -> int:
    """Runs, of `runs` with null hypotheses alone, in which any was called supported."""
    return sum(bool(found) for found in _runs(world, runs, np.zeros(hypotheses), seed))


def power(world: World, runs: int, effects: Sequence[float], seed: int) -> float:
    """Share of runs in which the first hypothesis is called supported."""
    return sum(0 in found for found in _runs(world, runs, np.array(effects), seed)) / runs


def _runs(world: World, runs: int, effects: np.ndarray, seed: int) -> list[set[int]]:
    rng = np.random.default_rng(seed)
    rules = Rules.of(Judge(), seeds=8, hypotheses=len(effects))
    weights = resampling(world.items)
    return [supported(judged(draw(world, effects, rules.looks[-1], rng, weights), rules)[0]) for _ in range(runs)]


def clopper_pearson(hits: int, runs: int, confidence: float = 0.95) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, runs - hits + 1))
    high = 1.0 if hits == runs else float(beta.ppf(1 - tail, hits + 1, runs - hits))
    return low, high


def row(world: World, runs: int, hypotheses: int = 50, effect: float = 2.0) -> str:
    many = _share(false_runs(world, runs, hypotheses, seed=1), runs)
    single = _share(false_runs(world, 5 * runs, 1, seed=4), 5 * runs)
    alone = power(world, 2 * runs, [effect], seed=2)
    among = power(world, max(50, runs // 2), [effect, *np.zeros(hypotheses - 1)], seed=3)
    return f"| {world.name} | {many} | {single} | {alone:.2f} | {among:.2f} |"


def _share(hits: int, runs: int) -> str:
    low, high = clopper_pearson(hits, runs)
    return f"{hits} of {runs} ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
    lines = [
        "| world | any false supported, runs of 50 nulls | the same, runs of 1 | power, alone | power, 1 of 50 |",
        "|---|---|---|---|---|",
    ]
    for world in WORLDS:
        lines.append(row(world, options.runs))
        print(lines[-1], flush=True)
    seconds = time.perf_counter() - started
    nulls = options.runs * 50
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
