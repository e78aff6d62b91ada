"""Experiment: runs the seeds that are due, for each version and for the baseline beside it, if it hasn't run them.

After a version's first runs its fidelity is assessed, before any judgement: does it do what its hypothesis says?
"""

from __future__ import annotations

from agents.run import Run
from agents.state import Lane, Update
from memory.steps.parallel import map_in_parallel
from pelagos.nouns import Version


def experiment(state: Lane, run: Run) -> Update:
    """Runs on the validation split, without the experiments that were adopted from an earlier run. A fault of a program
    is its experiment's outcome."""
    baseline = run.baseline()
    due = [(run.noun(Version, id), seeds) for id, seeds in state["due"].items()]
    refs = run.tally.validation
    adopted = {
        (version, ref.seed) for version in (baseline.id, *state["due"]) for ref in refs.get(version, ()) if ref.adopted
    }
    arms = [
        (program, seed)
        for version, seeds in due
        for seed in seeds
        for program in (baseline, version)
        if (program.id, seed) not in adopted
    ]
    map_in_parallel(run.workers, lambda arm: run.experiment(arm[0], arm[1], "validation"), arms)
    for version, _ in due:
        run.fidelity(version)
    return {"due": {}}
