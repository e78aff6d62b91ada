"""Baseline: the untouched program on the first look's seeds, first of all. Its spread is the noise floor.

Later looks run it on more seeds, beside the version that they look at. A baseline that crashes, writes nothing or can't
be scored is recorded and ends the run (exit code 5).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from statistics import fmean

from agents.greet import greet
from agents.judging.seedless import warning
from agents.pace import SCORING_S
from agents.run import Run
from agents.serving import in_parallel
from agents.state import State, Update
from pelagos.errors import RunFailed
from pelagos.nouns import Experiment, OutcomeKind, Version

TAIL_LINES, LONGEST_LINE = 12, 300


def baseline(state: State, run: Run) -> Update:
    """Raises RunFailed with the end of what the program printed if any seed fails."""
    greet(run)
    version = run.baseline()
    run.record(version)
    seeds = list(run.task.seeds)[: run.settings.judge.min_seeds]
    run.say(f"baseline: {len(seeds)} seeds")
    done = _done(version, seeds, run)
    failed = [experiment for experiment in done if experiment.outcome is not OutcomeKind.OK]
    if failed:
        raise RunFailed(why(failed[0], len(failed), len(done), run))
    if text := warning(done):
        run.say(f"baseline: {text}")
    run.pace.experiment_s = fmean(experiment.seconds for experiment in done) + SCORING_S
    run.hold_reserve(0)
    return {}


def _done(version: Version, seeds: list[int], run: Run) -> list[Experiment]:
    """The seeds' experiments. What the toolchain watches the program for, to describe it, runs beside them.
    Raises RunFailed where it offers nothing to change."""
    with ThreadPoolExecutor(1) as pool:
        described = pool.submit(run.toolchain.brief, run.task, run)
        done = in_parallel(run.workers, lambda seed: run.experiment(version, seed, "validation"), seeds)
        if not described.result().targets:
            raise RunFailed(f"task {run.task.name}: nothing in it can be changed: its toolchain offers no targets")
    return done


def why(experiment: Experiment, failed: int, of: int, run: Run) -> str:
    """One line that says what happened, then the last lines of the log, which hold the traceback."""
    outcome, cause = experiment.outcome.value, experiment.cause
    said = cause.partition(":")[0] == outcome or (cause and outcome == OutcomeKind.ERROR)
    what = cause if said else f"{outcome}: {cause}" if cause else outcome
    head = f"baseline: {failed} of {of} seeds failed; seed {experiment.seed}: {what}"
    return "\n".join([head, *_tail(run.artifacts.text(experiment.files["log"]) if "log" in experiment.files else "")])


def _tail(log: str) -> list[str]:
    """The last lines that say something, none longer than a screen can show; of equal ones in a row the first."""
    lines = [line for line, _ in groupby(line.rstrip() for line in log.splitlines() if line.strip())]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ..." for line in lines[-TAIL_LINES:]]
