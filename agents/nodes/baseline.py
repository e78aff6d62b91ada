"""Baseline: the untouched program on the task's seeds, first of all. Its spread is the noise floor.

A baseline that crashes, writes nothing or can't be scored is recorded and ends the run (exit code 5).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from agents.run import Run
from agents.state import State, Update
from pelagos.errors import RunFailed
from pelagos.nouns import Experiment, OutcomeKind

TAIL_LINES = 12


def baseline(state: State, run: Run) -> Update:
    """Raises RunFailed with the end of the traceback if any seed fails."""
    version = run.baseline()
    run.record(version)
    seeds = list(run.task.seeds)[: _affordable(run)]
    run.say(f"baseline: {len(seeds)} seeds")
    with ThreadPoolExecutor(run.workers) as pool:
        done = list(pool.map(lambda seed: run.toolchain.experiment(run.task, version, seed, "validation", run), seeds))
    failed = [experiment for experiment in done if experiment.outcome is not OutcomeKind.OK]
    if failed:
        raise RunFailed(_why(failed[0], len(failed), len(done), run))
    return {}


def _affordable(run: Run) -> int:
    """All seeds that judge may ever buy, but no more than a quarter of a cap on experiments."""
    judge, cap = run.settings.judge, run.settings.caps.experiments
    return judge.max_seeds if cap is None else max(judge.min_seeds, min(judge.max_seeds, cap // 4))


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
