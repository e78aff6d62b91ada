"""What is known of the discovery samples after a call, and may steer what is called next.

Nothing in it compares values between the groups: how many samples carry a label is counted, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.analysis.planning.data_view import DataView
from tools.analysis.planning.records import CallsRun


@dataclass(frozen=True)
class Observation:
    """`missing` is the share of values without a number, `smallest_group` the samples of the smaller compared group,
    `batch_share` the share of variance between batches beyond chance. None: it isn't known."""

    samples: int
    features: int
    missing: float
    smallest_group: int | None = None
    batch_share: float | None = None

    def __str__(self) -> str:
        parts = [f"{self.samples} samples, {self.features} features, {self.missing:.0%} missing"]
        if self.smallest_group is not None:
            parts.append(f"{self.smallest_group} samples in the smaller group")
        if self.batch_share is not None:
            parts.append(f"{max(self.batch_share, 0.0):.0%} of the variance between batches")
        return "; ".join(parts)


def observe(run: CallsRun) -> Observation | None:
    """Return what a run tells of the data after its last call; None where it tells nothing."""
    known = run.summary
    if not run.ok or "samples" not in known:
        return None
    smallest = known.get("smallest group")
    return Observation(
        samples=int(known["samples"]),
        features=int(known.get("features", 0)),
        missing=float(known.get("missing", 0.0)),
        smallest_group=None if smallest is None else int(smallest),
        batch_share=known.get("batch share"),
    )


def look_before(view: DataView) -> Observation:
    """Return what is known before the first call."""
    return Observation(view.samples, len(view.features), view.missing)
