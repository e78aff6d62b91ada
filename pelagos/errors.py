"""Every error Pelagos raises on purpose.

PelagosError
├── BadInput            bad input that a person can correct: one line, exit code 2
│   └── Stale               a decision on what is no longer what its reviewer saw
├── MissingPart         something this machine lacks: exit code 4
├── RunFailed           the run itself failed and is recorded: exit code 5
├── DamagedRun          a run folder of which the rest can't be read; the valid part was kept
├── CapReached          a budget is used up: the run stops cleanly, exit code 3
├── DiskFull            no space left for a write: the run stops, exit code 3; `resume` continues it
├── Locked              another process keeps a file of the run locked: the run stops, `resume` continues it
├── Interrupted         Ctrl-C or SIGTERM, noticed between two steps, exit code 130
├── ModelError          a model call failed at every permitted attempt
│   ├── ModelUnavailable    the endpoint does not answer, or refuses permanently
│   │   └── NothingUsable       it answers, and nothing that it says in a row can be used
│   ├── ModelTimeout        no answer within the time limit
│   ├── BadReply            the reply has the wrong form; where a role asks again, also after that
│   │   └── EditRefused         an edit that can't be applied, with the class of its cause
│   └── BadScore            a verifier's score that is no probability
├── SourceFailed        a source of papers that returns nothing now; the next source is asked
├── SandboxError        the sandbox itself failed (not the code in it)
└── EvaluationError     predictions that can't be scored: missing, malformed, wrong count, NaN

A run that waits for a reviewer is not an error, but it ends with an exit code of its own, 6; `resume` continues it.
"""

from __future__ import annotations


class PelagosError(Exception):
    """Root of the tree. The command line returns `exit_code` for it."""

    exit_code = 5


class BadInput(PelagosError):
    """Bad input or bad settings. One line per fault: what is wrong, where it is, and how to correct it."""

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Stale(BadInput):
    """A decision on what has changed since its reviewer saw it. Nothing was recorded."""


class MissingPart(PelagosError):
    """Something this machine lacks. The message names the command that installs or enables it."""

    exit_code = 4


class RunFailed(PelagosError):
    """The run failed. The failure is recorded in its ledger."""

    exit_code = 5


class DamagedRun(PelagosError):
    """A run folder of which the rest can't be read. Reading changed nothing in it."""

    exit_code = 5


class CapReached(PelagosError):
    """A budget is used up. `spent` and `cap` are in the unit of the resource."""

    exit_code = 3

    def __init__(self, resource: str, spent: float, cap: float) -> None:
        super().__init__(f"{resource}: {spent:g} of {cap:g} spent")
        self.resource, self.spent, self.cap = resource, spent, cap


class DiskFull(PelagosError):
    """There is no space left for a write at `where`. What was recorded before is intact."""

    exit_code = 3

    def __init__(self, where: str) -> None:
        super().__init__(f"disk: no room left at {where}: make room, then `pelagos resume` goes on")
        self.where = where


class Locked(PelagosError):
    """Another process held the lock on a file longer than the wait limit. What was recorded before is intact."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: another process keeps it locked (`fuser -v` tells which): end that one, then `pelagos resume` "
            "goes on"
        )


class Interrupted(PelagosError):
    """A person or the system asked the run to stop; `pelagos resume` continues it."""

    exit_code = 130


class ModelError(PelagosError):
    """A model call failed at every permitted attempt."""


class ModelUnavailable(ModelError):
    """The endpoint does not answer, or it refuses permanently."""


class NothingUsable(ModelUnavailable):
    """A model answers, and several answers in a row were of no use. Asked again, the ledger gives the same answers."""


class ModelTimeout(ModelError):
    """No answer within the time limit. `tokens` is the number spent on the call; None where it is not known."""

    def __init__(self, text: str, tokens: int | None = None) -> None:
        super().__init__(text)
        self.tokens = tokens


class BadReply(ModelError):
    """The reply does not have the requested form, also after re-asking."""


class BadScore(ModelError):
    """A verifier returned a score that is no probability, or a wrong number of scores."""


class EditRefused(BadReply):
    """An edit that can't be applied to the program. `cause` is its class; the message gives the reason in one line."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


class SourceFailed(PelagosError):
    """A source of papers that does not answer, refuses, or answers with something unreadable."""


class SandboxError(PelagosError):
    """The sandbox itself failed, not the code in it. `waits` are the seconds to wait before each further attempt, for
    callers that may repeat the step."""

    waits: tuple[float, ...] = (1.0, 5.0)


class EvaluationError(PelagosError):
    """Predictions that can't be scored. `cause` is one of missing, malformed, wrong_count, wrong_shape, nan, tampered,
    unknown_metric, evaluator_failed (the task's own evaluate.py raised, or exceeded a limit)."""

    def __init__(self, text: str, cause: str = "evaluator_failed") -> None:
        super().__init__(text)
        self.cause = cause
