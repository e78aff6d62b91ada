"""Report: the last node. It only records that the run's end was reached; `app` writes report.html and report.md from
the ledger, so that any run can be reported on, finished or not.
"""

from __future__ import annotations

from agents.run import Run
from agents.state import State, Update


def report(state: State, run: Run) -> Update:
    run.say(f"loop done: {state['reason']}")
    return {}
