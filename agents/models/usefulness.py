"""Checks whether the models' replies were usable: a run without one usable reply isn't a finished run.

Only replies since the run was last started count, so that `resume` starts afresh once the server is repaired.
"""

from __future__ import annotations

from collections import Counter

from agents.run import Run
from pelagos.errors import ModelUnavailable
from pelagos.facts.calls import Call, ModelFault
from pelagos.facts.reader import read_row
from pelagos.nouns import Build, Experiment

WORDLESS_BUILDS = 3


def check_code(run: Run) -> None:
    """Raises ModelUnavailable if no reply for the newest `WORDLESS_BUILDS` plans contained code."""
    newest = run.tally.all_builds[run.builds_before :][-WORDLESS_BUILDS:]
    builds = [run.noun(Build, id) for id in newest]
    if len(builds) == WORDLESS_BUILDS and all(build.without_code for build in builds):
        last = builds[-1].tries[-1].detail if builds[-1].tries else builds[-1].cause
        raise ModelUnavailable(f"coder: no reply for the last {WORDLESS_BUILDS} plans held any code, the last: {last}")


def check_replies(run: Run) -> None:
    """Called at the end of a run. Raises ModelUnavailable if no hypothesis was tried and a role had no usable reply."""
    used_replies, last_errors = Counter[str](), dict[str, str]()
    for event in run.ledger.events(kinds=["model", "model.fault", "experiment"], after=_last_start(run)):
        match read_row(event):
            case Experiment() as ran if ran.hypothesis:
                return
            case Call() as call:
                used_replies[call.role] += 1
            case ModelFault() as fault:
                used_replies[fault.role] -= fault.cause == "schema"
                last_errors[fault.role] = fault.error
    for role, error in last_errors.items():
        if used_replies[role] <= 0:
            raise ModelUnavailable(f"{role}: none of its replies could be used, the last: {error}")


def _last_start(run: Run) -> int:
    """Return the ledger row number at which the run was last started, 0 for the first time."""
    endings = run.ledger.events("run.ended")
    return endings[-1].seq if endings else 0
