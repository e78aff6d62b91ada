"""Reads the signatures of a version and of the baseline, if the toolchain measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pelagos.nouns import Signature, Version
from tools.abilities import Measured

if TYPE_CHECKING:
    from agents.run import Run


def read_signatures(version: Version, run: Run) -> tuple[Signature, Signature] | None:
    """Return the signatures of the baseline and of the version; None if nothing is measured, or if one of them wasn't
    run here on the first seed. It runs nothing. Raises CapReached."""
    baseline = run.baseline()
    if not isinstance(run.toolchain, Measured) or not all(_ran_first(item.id, run) for item in (baseline, version)):
        return None
    return run.toolchain.signature(run.task, baseline, run), run.toolchain.signature(run.task, version, run)


def _ran_first(version: str, run: Run) -> bool:
    runs = run.tally.validation.get(version, ())
    return any(item.seed == run.task.seeds[0] and not item.adopted for item in runs)
