"""Cause classes: why a change failed, each with advice that tells a model how to correct it.

Covers failures with a traceback and without one: refused edits, limits, kills, NaN, predictions that can't be scored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pelagos.nouns import OutcomeKind

MAX_LINE = 300

ADVICE = {
    "no_edit": "Your reply held no Python code. Write the code in one ```python block.",
    "syntax": "Your code doesn't parse. Write the complete code again, with nothing left out and no '...'.",
    "not_editable": "You changed a file that must not change.",
    "unknown_address": "You named something that isn't in the program.",
    "no_change": "Your code is the same program as before. Make the change that is asked for.",
    "model": "The model gave no answer.",
    "error": "The program stopped with the error below. Correct its cause.",
    "exit": "The program ended itself with an error code.",
    "timeout": "The program took too long and was stopped. Make it do less work: no needless loops, no waiting.",
    "oom": "The program used too much memory and was stopped. Use smaller arrays or batches.",
    "pids": "The program started too many processes or threads. Do the work in one process: no worker pools.",
    "disk": "The program wrote too much to disk. Write nothing but the predictions.",
    "killed": "The program was killed without a Python error. Avoid native crashes and deep recursion.",
    "no_predictions": "The program ended without writing the predictions. Write them to the same place as before.",
    "bad_predictions": "The predictions can't be read as an array of numbers.",
    "bad_report": "The program spoilt the report that is written beside its predictions. Write nothing but the "
    "predictions.",
    "wrong_count": "The number of predictions is wrong: there must be exactly one for each input, in order.",
    "nan_predictions": "The predictions hold NaN or infinity. Something became unstable: check divisions, logarithms, "
    "the learning rate and the scale of what you added.",
    "no_effect": "The program runs but behaves exactly as before: what you wrote is never used or changes nothing. "
    "Make sure that the new code is called and its result is used.",
    "unfaithful": "The program runs, but what was asked for isn't in it.",
}
PACKAGE_ADVICE = (
    "{} is not installed and can't be. Write what you need of it yourself, with the packages the program imports."
)
_MISSING_MODULE = re.compile(r"No module named '([\w.]+)'")
GOOD = ""
REFUSED = frozenset({"no_edit", "syntax", "not_editable", "unknown_address", "no_change"})
_BY_OUTCOME = {
    OutcomeKind.TIMEOUT: "timeout",
    OutcomeKind.OOM: "oom",
    OutcomeKind.PIDS: "pids",
    OutcomeKind.DISK: "disk",
    OutcomeKind.KILLED: "killed",
    OutcomeKind.INVALID: "bad_predictions",
}


@dataclass(frozen=True)
class Cause:
    """`kind` is a key of ADVICE, or "" if nothing is wrong. `detail` states what happened in one line."""

    kind: str = GOOD
    detail: str = ""

    @property
    def good(self) -> bool:
        return self.kind == GOOD

    @property
    def text(self) -> str:
        """For a model: what happened and what to do."""
        if not self.kind:
            return ""
        missing = _MISSING_MODULE.search(self.detail)
        advice = PACKAGE_ADVICE.format(missing[1]) if missing else ADVICE[self.kind]
        return f"{advice}\n{self.detail}".strip()

    @property
    def line(self) -> str:
        """For a record: `kind: detail`, bounded."""
        return ": ".join(part for part in (self.kind, " ".join(self.detail.split())) if part)[:MAX_LINE]


def cause_of_outcome(kind: OutcomeKind, detail: str) -> Cause:
    """The cause for an outcome that the sandbox measured. `detail` is the sandbox's reason or the end of the log."""
    return Cause(_BY_OUTCOME.get(kind, "error"), detail)
