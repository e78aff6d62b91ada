"""How often one null is claimed on few items: why a task needs some (`LEAST_ITEMS` in tools/code/task/schema.py).

python -m benchmarks.judging.few_items [--runs 1500]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import inf

from benchmarks.judging.simulate import clopper_pearson, simulate
from benchmarks.judging.worlds import World

ITEMS = (8, 12, 20, 30, 40, 60)


def make_worlds(items: int) -> tuple[World, ...]:
    return (
        World("real values, no chance in training", inf, items=items),
        World("skewed values, no chance in training", inf, items=items, skewed=True),
        World("accuracy, no chance in training", inf, items=items, discrete=True),
        World("accuracy, items / seeds = 1", 1.0, items=items, discrete=True),
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1500)
    runs = parser.parse_args(argv).runs
    print("| items | world | a null claimed at level 0.05 |\n|---|---|---|")
    for items in ITEMS:
        for world in make_worlds(items):
            hits = sum(bool(run.claimed) for run in simulate(world, runs, [0.0], seed=4))
            low, high = clopper_pearson(hits, runs)
            print(f"| {items} | {world.name} | {hits / runs:.3f} ({low:.3f} to {high:.3f}) |", flush=True)


if __name__ == "__main__":
    main()
