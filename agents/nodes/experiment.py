"""Experiment: the seeds that are due, for each version and, where one is missing, for the baseline beside it."""

from __future__ import annotations

from agents.run import Run
from agents.serving import in_parallel
from agents.state import Lane, Update
from pelagos.nouns import Version


def experiment(state: Lane, run: Run) -> Update:
    """The validation split; what goes wrong with a program is its experiment's outcome. What was taken over from an
    earlier run isn't run."""
    base = run.baseline()
    taken = {(version, one.seed) for version, runs in run.validation().items() for one in runs if one.taken}
    arms = [(run.noun(Version, version), seeds) for version, seeds in state["due"].items()]
    pairs = [
        (which, seed)
        for version, seeds in arms
        for seed in seeds
        for which in (base, version)
        if (which.id, seed) not in taken
    ]
    in_parallel(run.workers, lambda pair: run.experiment(pair[0], pair[1], "validation"), pairs)
    return {"due": {}}
