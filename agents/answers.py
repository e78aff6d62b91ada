"""Whether the models' replies were of any use: a night without one usable reply is no finished run.

Looked at since the run was last begun, so that `resume` begins anew once the server is mended.
"""

from __future__ import annotations

from collections import Counter

from agents.run import Run
from pelagos.errors import ModelUnavailable
from pelagos.nouns import Build

WORDLESS_BUILDS = 3


def check_code(run: Run) -> None:
    """Raises ModelUnavailable where no reply for the newest plans held any code."""
    newest = run.tally.every_build[run.builds_before :][-WORDLESS_BUILDS:]
    builds = [run.noun(Build, id) for id in newest]
    if len(builds) == WORDLESS_BUILDS and all(build.wordless for build in builds):
        last = builds[-1].tries[-1].detail if builds[-1].tries else builds[-1].cause
        raise ModelUnavailable(f"coder: no reply for the last {WORDLESS_BUILDS} plans held any code, the last: {last}")


def check_replies(run: Run) -> None:
    """Raises ModelUnavailable at the end of a run in which nothing was tried, for a role of which no reply was used."""
    used, last = Counter[str](), dict[str, str]()
    for event in run.ledger.events(kinds=["model", "model.fault", "experiment"], after=_begun(run)):
        fact = event.payload
        if event.kind == "experiment" and fact["hypothesis"]:
            return
        if event.kind == "model":
            used[fact["role"]] += 1
        elif event.kind == "model.fault":
            used[fact["role"]] -= fact["cause"] == "schema"
            last[fact["role"]] = fact["error"]
    for role, error in last.items():
        if used[role] <= 0:
            raise ModelUnavailable(f"{role}: none of its replies could be used, the last: {error}")


def _begun(run: Run) -> int:
    """The number of the row at which the run was last begun."""
    ended = run.ledger.events("run.ended")
    return ended[-1].seq if ended else 0
