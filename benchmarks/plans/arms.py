"""Arms that need no verifier: length, chance, and a ridge head on the frozen embedder.

Each is a function of the plans to rank and of all labelled plans; it returns a score for each plan to rank.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.plans.metrics import Floats, Labelled
from memory.embedders.embedder import Embedder, minilm

Arm = Callable[[Sequence[Labelled], Sequence[Labelled]], Floats]
RIDGES = tuple(10.0**power for power in range(-2, 4))


def score_by_length(plans: Sequence[Labelled], known: Sequence[Labelled]) -> Floats:
    """The longer the better."""
    return np.array([float(len(plan.text)) for plan in plans])


def score_by_brevity(plans: Sequence[Labelled], known: Sequence[Labelled]) -> Floats:
    """The shorter the better."""
    return -score_by_length(plans, known)


def score_equally(plans: Sequence[Labelled], known: Sequence[Labelled]) -> Floats:
    """What chance comes to on average: equal scores share."""
    return np.zeros(len(plans))


def score_at_random(plans: Sequence[Labelled], known: Sequence[Labelled]) -> Floats:
    """One seeded draw for each plan."""
    return np.array([random.Random(plan.id).random() for plan in plans])


def score_by_ridge(
    plans: Sequence[Labelled], known: Sequence[Labelled], load: Callable[[], Embedder] = minilm
) -> Floats:
    """Ridge regression on the embedder's vectors of the steps, for each task trained on the other tasks alone.

    It learns ranks within a task, since effects of tasks have tails of different lengths; the ridge's strength is
    chosen by leave-one-out on the training tasks. Without another task all scores are 0.
    """
    from sklearn.linear_model import RidgeCV

    embedder = load()
    vectors, shown = (embedder.embed([plan.text for plan in group]) for group in (known, plans))
    ranks = _ranks(known)
    scores = np.zeros(len(plans))
    for task in {plan.task for plan in plans}:
        training = [place for place, plan in enumerate(known) if plan.task != task]
        mine = [place for place, plan in enumerate(plans) if plan.task == task]
        if training:
            scores[mine] = RidgeCV(alphas=RIDGES).fit(vectors[training], ranks[training]).predict(shown[mine])
    return scores


def _ranks(plans: Sequence[Labelled]) -> Floats:
    """Rank of each plan's effect in its task, from 0 to 1; equal effects have their mean rank."""
    from scipy.stats import rankdata

    ranks = np.zeros(len(plans))
    for task in {plan.task for plan in plans}:
        places = [place for place, plan in enumerate(plans) if plan.task == task]
        ranks[places] = (rankdata([plans[place].effect for place in places]) - 0.5) / len(places)
    return ranks


ARMS: Mapping[str, Arm] = {
    "length": score_by_length,
    "brevity": score_by_brevity,
    "constant": score_equally,
    "random": score_at_random,
    "ridge": score_by_ridge,
}
