"""Baseline: runs the untouched program first, on the seeds of the first look. Its spread is the noise floor.

Later looks run it on more seeds, beside the version that they judge. A baseline that crashes, writes nothing or can't
be scored is recorded and ends the run (exit code 5).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from statistics import fmean

from agents.pacing.pace import SCORING_S
from agents.run import Run
from agents.setup.verifier_probe import probe_verifier
from agents.state import State, Update
from memory.steps.parallel import map_in_parallel
from pelagos.counts import format_count
from pelagos.errors import RunFailed
from pelagos.nouns import Experiment, OutcomeKind, Version
from tools.paired.seed_dependence import describe_missing_noise

MAX_TAIL_LINES, MAX_LINE_CHARS = 12, 300


def baseline(state: State, run: Run) -> Update:
    """Raises RunFailed with the end of what the program printed if any seed fails."""
    probe_verifier(run)
    version = run.baseline()
    run.record(version)
    seeds = list(run.task.seeds)[: run.settings.judge.min_seeds]
    run.say(f"baseline: {format_count(len(seeds), 'seed')}")
    experiments = _run_seeds(version, seeds, run)
    failed = [experiment for experiment in experiments if experiment.outcome is not OutcomeKind.OK]
    if failed:
        raise RunFailed(describe_failure(failed[0], len(failed), len(experiments), run))
    if text := describe_missing_noise(experiments):
        run.say(f"baseline: {text}")
    run.pace.experiment_s = fmean(experiment.seconds for experiment in experiments) + SCORING_S
    run.hold_reserve()
    return {}


def _run_seeds(version: Version, seeds: list[int], run: Run) -> list[Experiment]:
    """Return one experiment per seed. The toolchain describes the program meanwhile, for which it may have to run it.
    Raises RunFailed if nothing in the program can be changed."""
    with ThreadPoolExecutor(1) as pool:
        briefing = pool.submit(run.toolchain.brief, run.task, run)
        experiments = map_in_parallel(run.workers, lambda seed: run.experiment(version, seed, "validation"), seeds)
        if not briefing.result().targets:
            raise RunFailed(f"task {run.task.name}: nothing in it can be changed: its toolchain offers no targets")
    return experiments


def describe_failure(experiment: Experiment, failed: int, count: int, run: Run) -> str:
    """Return one line that says what happened, then the last lines of the log, which hold the traceback. `failed` of
    `count` seeds failed."""
    outcome, cause = experiment.outcome.value, experiment.cause
    names_outcome = cause.partition(":")[0] == outcome or (cause and outcome == OutcomeKind.ERROR)
    reason = cause if names_outcome else f"{outcome}: {cause}" if cause else outcome
    head = f"baseline: {failed} of {count} seeds failed; seed {experiment.seed}: {reason}"
    log = run.artifacts.text(experiment.files["log"]) if "log" in experiment.files else ""
    return "\n".join([head, *_last_lines(log)])


def _last_lines(log: str) -> list[str]:
    """Return the last lines that aren't blank, each cut to what a screen can show; equal lines in a row are one."""
    lines = [line for line, _ in groupby(line.rstrip() for line in log.splitlines() if line.strip())]
    return [line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]} ..." for line in lines[-MAX_TAIL_LINES:]]
