"""Baseline: the untouched program on the first look's seeds, first of all. Its spread is the noise floor.

Later looks run it on more seeds, beside the version that they look at. A baseline that crashes, writes nothing or can't
be scored is recorded and ends the run (exit code 5).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import fmean

from agents.judging.seedless import warning
from agents.pace import SCORING_S
from agents.run import Run
from agents.serving import in_parallel
from agents.state import State, Update
from pelagos.errors import RunFailed
from pelagos.nouns import Experiment, OutcomeKind, Version

TAIL_LINES = 12


def baseline(state: State, run: Run) -> Update:
    """Raises RunFailed with the end of the traceback if any seed fails."""
    version = run.baseline()
    run.record(version)
    seeds = list(run.task.seeds)[: run.settings.judge.min_seeds]
    run.say(f"baseline: {len(seeds)} seeds")
    done = _done(version, seeds, run)
    failed = [experiment for experiment in done if experiment.outcome is not OutcomeKind.OK]
    if failed:
        raise RunFailed(_why(failed[0], len(failed), len(done), run))
    if text := warning(done):
        run.say(f"baseline: {text}")
    run.pace.experiment_s = fmean(experiment.seconds for experiment in done) + SCORING_S
    run.hold_reserve(0)
    return {}


def _done(version: Version, seeds: list[int], run: Run) -> list[Experiment]:
    """The seeds' experiments. What the toolchain watches the program for, to describe it, runs beside them."""
    with ThreadPoolExecutor(1) as pool:
        described = pool.submit(run.toolchain.brief, run.task, run)
        done = in_parallel(run.workers, lambda seed: run.experiment(version, seed, "validation"), seeds)
        described.result()
    return done


def _why(experiment: Experiment, failed: int, of: int, run: Run) -> str:
    head = (
        f"baseline: {failed} of {of} seeds failed; seed {experiment.seed}: {experiment.outcome.value}"
        f"{': ' + experiment.cause if experiment.cause else ''}"
    )
    shown = next((name for name in ("traceback", "log") if experiment.files.get(name)), None)
    if shown is None:
        return head
    tail = run.artifacts.text(experiment.files[shown]).strip().splitlines()[-TAIL_LINES:]
    return "\n".join([head, *tail])
