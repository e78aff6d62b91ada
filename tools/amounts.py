"""Names and comparisons of a signature's amounts that have the same meaning in every toolchain.

A toolchain may report other amounts; these are compared as more training, a larger model and more time.
"""

from __future__ import annotations

from collections.abc import Iterator

from pelagos.nouns import Signature

STEPS = "optimizer steps"
EXAMPLES = "examples in training"
PARAMETERS = "parameters"
SECONDS = "seconds"
WORK_PREFIXES = ("iterations of ", "members of ")  # the name of an estimator follows
# Equal programs differed by a factor of 1.3 in CPU time, once by 1.6, while other programs ran beside them.
MIN_SLOWDOWN = 1.5
TOLERANCE = 0.05  # relative difference below which two amounts of training are equal


def amount_ratio(name: str, baseline_signature: Signature, version_signature: Signature) -> float | None:
    """The version's amount divided by the baseline's; None if one of them is missing or not positive."""
    before, now = baseline_signature.amounts.get(name), version_signature.amounts.get(name)
    return now / before if before and now and before > 0 and now > 0 else None


def find_work_difference(baseline_signature: Signature, version_signature: Signature) -> tuple[str, float] | None:
    """Name and ratio (version / baseline) of the amount of training that differs most; None if all are equal."""
    ratios = [
        (name, factor)
        for name in _work_amounts(version_signature)
        if (factor := amount_ratio(name, baseline_signature, version_signature)) is not None
    ]
    differs = [(name, factor) for name, factor in ratios if abs(factor - 1) > TOLERANCE]
    return max(differs, key=lambda item: max(item[1], 1 / item[1]), default=None)


def _work_amounts(signature: Signature) -> Iterator[str]:
    if STEPS in signature.amounts:
        yield STEPS
        return
    yield from (name for name in signature.amounts if name.startswith(WORK_PREFIXES))
