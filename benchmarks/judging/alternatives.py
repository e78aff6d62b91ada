"""Three e-values for the same looks, side by side: why `agents.judging` has the one it has. Gaussian differences.

    python -m benchmarks.judging.alternatives

- spent: min_k p_k / w_k made an e-value (what judge uses).
- mixture: sum_k w_k e_k with e_k the likelihood ratio of noncentral to central t, over a grid of noncentralities.
- process: the same ratio as one e-process over seeds (Perez-Ortiz et al. 2024, Annals of Statistics 52(4)), read after
  any look without paying for looks. It is exact where seeds are all the chance there is; a part that all seeds share
  (the items) is outside its model, so its level is simulated with such a part too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from agents.judging.evidence import e_value
from agents.judging.rules import spaced, spending

Floats = NDArray[np.float64]
LOOKS = spaced(3, 8)
WEIGHTS = spending(LOOKS)
LEVEL, DRAWS = 0.1, 4000
PER_SEED = (0.5, 1.0, 2.0, 3.5)
PER_LOOK = (2.0, 4.0, 6.0, 9.0)


def estimates(effect: float, item_share: float, rng: np.random.Generator) -> list[tuple[Floats, Floats]]:
    """Per look: t statistics and freedom of DRAWS hypotheses. The item variance is taken as known."""
    items = item_share / (1 + item_share)
    shared = rng.normal(size=(DRAWS, 1)) * np.sqrt(items)
    differences = effect + shared + rng.normal(size=(DRAWS, LOOKS[-1])) * np.sqrt(1 - items)
    found = []
    for look in LOOKS:
        between = differences[:, :look].var(axis=1, ddof=1) / look
        variance = between + items
        freedom = np.maximum(look - 1, (look - 1) * (variance / between) ** 2 * (1 if items else 0))
        found.append((differences[:, :look].mean(axis=1) / np.sqrt(variance), np.minimum(freedom, 100.0)))
    return found


def spent(found: list[tuple[Floats, Floats]], hypotheses: int) -> Floats:
    p = np.min([stats.t.sf(t, df) / weight for (t, df), weight in zip(found, WEIGHTS, strict=True)], axis=0)
    return np.array([e_value(float(one), LEVEL, hypotheses) for one in p])


def mixture(found: list[tuple[Floats, Floats]], _hypotheses: int) -> Floats:
    parts = [weight * ratio(t, df, PER_LOOK) for (t, df), weight in zip(found, WEIGHTS, strict=True)]
    return np.asarray(np.sum(parts, axis=0))


def process(found: list[tuple[Floats, Floats]], _hypotheses: int) -> Floats:
    """The most favourable stop: the largest value at any look."""
    values = [
        ratio(t, df, tuple(delta * np.sqrt(look) for delta in PER_SEED))
        for (t, df), look in zip(found, LOOKS, strict=True)
    ]
    return np.asarray(np.max(values, axis=0))


def ratio(t: Floats, freedom: Floats, grid: tuple[float, ...]) -> Floats:
    base = stats.t.logpdf(t, freedom)
    each = [np.exp(np.clip(stats.nct.logpdf(t, freedom, delta) - base, -60, 60)) for delta in grid]
    return np.asarray(np.nan_to_num(np.mean(each, axis=0)))


def main() -> None:
    print("| e-value | item share | a null alone at level 0.1 | power alone | 1 of 4 | 1 of 50 |")
    print("|---|---|---|---|---|---|")
    kinds: tuple[Callable[..., Floats], ...] = (spent, mixture, process)
    for share in (0.0, 1.0, 20.0):
        null = estimates(0.0, share, np.random.default_rng(1))
        true = estimates(2.0, share, np.random.default_rng(2))
        for kind in kinds:
            level = (kind(null, 1) >= 0.999 / LEVEL).mean()
            powers = [(kind(true, n) >= 0.999 * n / LEVEL).mean() for n in (1, 4, 50)]
            print(f"| {kind.__name__} | {share:g} | {level:.3f} | " + " | ".join(f"{one:.2f}" for one in powers) + " |")


if __name__ == "__main__":
    main()
