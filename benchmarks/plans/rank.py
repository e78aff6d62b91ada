"""The table of arms: each ranks the same plans and is judged by the same pairs and groups."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.plans.metrics import (
    APART,
    SEED,
    Comparisons,
    Floats,
    Labelled,
    by_task,
    compare,
    gains_as_measured,
    gains_kept,
    interval,
    pair_hits,
    rank_correlation,
    regrets,
    resample_counts,
)
from benchmarks.plans.rows import Row

HEAD = (
    "| arm | pairwise accuracy | top-1 regret, baseline kept (SD) | top-1 regret as measured (SD) | accuracy by task |\n"
    "|---|---|---|---|---|"
)


def pick(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """The same plans for every arm: those whose hashed ids come first, as many of each task as of any other."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(f"{SEED} {row['id']}".encode()).hexdigest())
    if limit is None:
        return ordered
    tasks = {task: [row for row in ordered if row["task"] == task] for task in sorted({row["task"] for row in rows})}
    turns = [row for turn in range(len(ordered)) for of_task in tasks.values() for row in of_task[turn : turn + 1]]
    return turns[:limit]


def table(plans: Sequence[Labelled], scores: Mapping[str, Floats], against: str = "") -> Iterator[str]:
    """`scores`: arm -> a score for each plan. Yields lines. Each arm is compared with the arm `against`, where one is
    named."""
    found, counts = compare(plans), resample_counts(plans)
    yield describe(plans, found)
    yield HEAD
    for arm, given in scores.items():
        hits = pair_hits(given, found.pairs)
        kept, raw = (regrets(given, gains(plans), found.groups) for gains in (gains_kept, gains_as_measured))
        cells = [
            interval(hits, found.pairs, counts).told(),
            interval(kept, found.groups, counts).told("{:.2f}"),
            interval(raw, found.groups, counts).told("{:.2f}"),
            ", ".join(_accuracies(plans, found, hits)),
        ]
        yield f"| {arm} | {' | '.join(cells)} |"
    if against:
        yield f"\npairwise accuracy less that of '{against}', on the same resamples of plans:"
        base = pair_hits(scores[against], found.pairs)
        for arm, given in scores.items():
            yield f"{arm}: {interval(pair_hits(given, found.pairs) - base, found.pairs, counts).told('{:+.3f}')}"
    yield "\n" + describe_length(plans)


def describe(plans: Sequence[Labelled], found: Comparisons) -> str:
    """What was compared, and what the labels come to."""
    parts = []
    for task, places in by_task(plans).items():
        effects = [plans[place].effect for place in places]
        errors = [APART * plans[place].se for place in places]
        better = sum(effect > error for effect, error in zip(effects, errors, strict=True))
        worse = sum(-math.inf < effect < -error for effect, error in zip(effects, errors, strict=True))
        fails = sum(effect == -math.inf for effect in effects)
        parts.append(
            f"{task}: {len(places)} ({better} better, {worse} worse, {fails} fail, "
            f"{len(places) - better - worse - fails} no difference beyond {APART:g} standard errors)"
        )
    whole = f"{len(plans)} plans, {len(found.pairs)} pairs, {len(found.groups)} groups of {found.groups.shape[1]}"
    return f"{whole}; {'; '.join(parts)}\n"


def describe_length(plans: Sequence[Labelled]) -> str:
    """Whether length gives the answer away."""
    told = []
    for task, places in by_task(plans).items():
        lengths, effects = ([float(len(plans[p].text)) for p in places], [plans[p].effect for p in places])
        told.append(f"{task} {rank_correlation(lengths, effects):+.2f} (n = {len(places)})")
    return f"rank correlation of a plan's length (characters) with its effect: {', '.join(told)}"


def _accuracies(plans: Sequence[Labelled], found: Comparisons, hits: Floats) -> Iterator[str]:
    for task, places in by_task(plans).items():
        mine = np.isin(found.pairs[:, 0], places)
        yield f"{task} {hits[mine].mean():.2f}" if mine.any() else f"{task} -"
