"""Report: the loop's end. It only records that the end was reached; `app` writes report.html and report.md from the
ledger, so that a report can be written of any run, finished or not.
"""

from __future__ import annotations

from agents.run import Run
from agents.state import State, Update


def report(state: State, run: Run) -> Update:
    run.say(f"loop done: {state['reason']}")
    return {}
