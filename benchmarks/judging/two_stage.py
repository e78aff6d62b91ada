"""A study for the next judge: validation selects, sealed data alone decide. Gaussian differences, one true effect of K.

    python -m benchmarks.judging.two_stage [--runs 2000]

Each hypothesis gets 3 seeds on validation items; whose p-value (seed variance pooled over the run) is above `futile` is
dropped, the others get 8. At or below `at_once` a hypothesis goes to the sealed part at once, at half of the level that
is left. At the end of the run the best `most` of those at or below `late` go there too, with Holm over them at what is
left. Fresh seeds and fresh items make the selection free; the union bound over levels that only validation and earlier
sealed results fix keeps the level whatever the dependence among the sealed tests, and nothing is taken back.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
LEVEL, FIRST, ALL, SEALED, CAUTION, ITEM_FREEDOM = 0.1, 3, 8, 8, 0.05, 100.0


class Rule(NamedTuple):
    """p-values on validation data; `most`: hypotheses that are sent at the end."""

    name: str
    futile: float
    at_once: float
    late: float
    most: int


RULES = (
    Rule("all at the end, best 3", 0.2, 0.0, 0.1, 3),
    Rule("all at the end, best 2", 0.2, 0.0, 0.15, 2),
    Rule("all at the end, the best", 0.2, 0.0, 0.2, 1),
    Rule("at once below 0.005, best 2", 0.2, 0.005, 0.15, 2),
    Rule("at once below 0.01, best 2", 0.2, 0.01, 0.15, 2),
    Rule("at once below 0.02, best 2", 0.2, 0.02, 0.15, 2),
    Rule("at once below 0.005, best 2, later futility", 0.35, 0.005, 0.15, 2),
)


class World(NamedTuple):
    """One run: paired differences on validation (K, ALL) and on sealed data (K, SEALED), both with the baseline's own
    seeds and items in them; the variance of one difference is 1, `items` of it from the items."""

    validation: Floats
    sealed: Floats
    items: float


class Ended(NamedTuple):
    claimed: set[int]
    experiments: int


def world(effects: Floats, items: float, rng: np.random.Generator) -> World:
    def part(seeds: int) -> Floats:
        shape = (len(effects), 1)
        item = (rng.normal(size=shape) - rng.normal()) * np.sqrt(items / 2)
        seed = (rng.normal(size=(len(effects), seeds)) - rng.normal(size=(1, seeds))) * np.sqrt((1 - items) / 2)
        return np.asarray(effects[:, None] + item + seed)

    return World(part(ALL), part(SEALED), items)


def judged(run: World, rule: Rule) -> Ended:
    """The hypotheses in their order, and what is left at the end. Sealed seeds of the baseline are run once."""
    left, sent, experiments = LEVEL, 0, ALL
    claimed, waiting = set[int](), dict[int, float]()
    for place, p, seeds in _selected(run, rule):
        experiments += seeds
        if p <= rule.at_once:
            sent += 1
            if _sealed_p(run.sealed[place], run.items) <= left / 2:
                claimed.add(place)
            else:
                left /= 2
        elif p <= rule.late:
            waiting[place] = p
    last = sorted(waiting, key=lambda place: waiting[place])[: rule.most]
    sent += len(last)
    claimed |= _holm({place: _sealed_p(run.sealed[place], run.items) for place in last}, left)
    return Ended(claimed, experiments + SEALED * (sent + bool(sent)))


def _selected(run: World, rule: Rule) -> Iterator[tuple[int, float, int]]:
    """Place, validation p-value and seeds of each hypothesis."""
    spread = run.validation[:, :FIRST].var(axis=1, ddof=1)
    for place, differences in enumerate(run.validation):
        pooled = float(spread[: place + 1].mean())
        p, seeds = _p(differences[:FIRST], pooled, run.items), FIRST
        if p <= rule.futile:
            p, seeds = _p(differences, pooled, run.items), ALL
        yield place, p, seeds


def _p(differences: Floats, seed_variance: float, items: float) -> float:
    return float(stats.norm.sf(differences.mean() / np.sqrt(seed_variance / len(differences) + items)))


def _sealed_p(differences: Floats, items: float) -> float:
    """As judge has it: Satterthwaite's freedom, the seed part at its upper 95 % bound, the item part known."""
    seeds = len(differences)
    between = float(differences.var(ddof=1)) / seeds
    bound = between * (seeds - 1) / stats.chi2.ppf(CAUTION, seeds - 1)
    freedom = (bound + items) ** 2 / (bound**2 / (seeds - 1) + items**2 / ITEM_FREEDOM)
    return float(stats.t.sf(differences.mean() / np.sqrt(between + items), freedom))


def _holm(p_values: dict[int, float], level: float) -> set[int]:
    claimed = set[int]()
    for place in sorted(p_values, key=lambda place: p_values[place]):
        if p_values[place] > level / (len(p_values) - len(claimed)):
            break
        claimed.add(place)
    return claimed


def cell(count: int, effect: float, share: float, rule: Rule, runs: int) -> str:
    """Share of runs in which the true one is claimed, and (of nulls alone) any; experiments of a run, mean."""
    rng = np.random.default_rng(1)
    hits, experiments = 0, 0
    for _ in range(runs):
        effects = np.zeros(count)
        place = int(rng.integers(count))
        effects[place] = effect
        ended = judged(world(effects, share / (1 + share), rng), rule)
        hits += place in ended.claimed if effect else bool(ended.claimed)
        experiments += ended.experiments
    return f"{hits / runs:.3f} ({experiments / runs:.0f})"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--share", type=float, default=1.0, help="variance from items over variance from seeds")
    options = parser.parse_args(argv)
    print("| K | rule | any null claimed (experiments) | 1.5 SD claimed | 2 SD claimed |\n|---|---|---|---|---|")
    for count in (4, 20, 50):
        for rule in RULES:
            cells = (cell(count, effect, options.share, rule, options.runs) for effect in (0.0, 1.5, 2.0))
            print(f"| {count} | {rule.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
