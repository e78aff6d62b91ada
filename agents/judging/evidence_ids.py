"""Lists the experiments that a verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class SeededRecord(Protocol):
    """An experiment, or a row of the tally that stands for one."""

    @property
    def seed(self) -> int: ...
    @property
    def id(self) -> str: ...


def list_evidence_ids(candidate: Sequence[SeededRecord], baseline: Sequence[SeededRecord]) -> list[str]:
    """Return the ids of the candidate's experiments, then those of the baseline's on the same seeds."""
    seeds = {experiment.seed for experiment in candidate}
    shared = [experiment for experiment in baseline if experiment.seed in seeds]
    return [experiment.id for experiment in (*candidate, *shared)]
