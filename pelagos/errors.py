"""Every error Pelagos raises on purpose.

PelagosError
├── BadInput            what a person can mend: one line, exit code 2
├── MissingPart         what the machine lacks: exit code 4
├── RunFailed           the run itself failed and is recorded: exit code 5
├── DamagedRun          a run folder that can't be read further; the good part was kept
├── CapReached          a budget is used up: the run stops cleanly, exit code 3
├── DiskFull            no room where something had to be written: the run stops, exit code 3; `resume` goes on
├── Locked              another process keeps a file of ours locked; the run stops, `resume` goes on
├── Interrupted         Ctrl-C or SIGTERM at a boundary, exit code 130
├── ModelError          a model call failed within its bound of tries
│   ├── ModelUnavailable    nothing answers, or it refuses for good
│   ├── ModelTimeout        no answer within the limit
│   └── BadReply            the answer is not what was asked for, re-asking included
│       └── EditRefused         an edit that can't be applied, with its cause class
├── SourceFailed        a source of papers that gives none now; the next one is asked
├── SandboxError        the sandbox itself failed (not the code in it)
└── EvaluationError     predictions that can't be scored: missing, malformed, wrong count, NaN

No error, but an ending with a code of its own: a run that waits for a reviewer, exit code 6; `resume` goes on.
"""

from __future__ import annotations


class PelagosError(Exception):
    """Root of the tree. `exit_code` is what the command line returns for it."""

    exit_code = 5


class BadInput(PelagosError):
    """Bad input or settings. One line per fault: what, where, and how to mend it."""

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class MissingPart(PelagosError):
    """Something this machine lacks, with the command that mends it."""

    exit_code = 4


class RunFailed(PelagosError):
    """The run failed and says so in its ledger."""

    exit_code = 5


class DamagedRun(PelagosError):
    """A run folder that can't be read further; nothing in it was made worse."""

    exit_code = 5


class CapReached(PelagosError):
    """A budget is used up."""

    exit_code = 3

    def __init__(self, resource: str, spent: float, cap: float) -> None:
        super().__init__(f"{resource}: {spent:g} of {cap:g} spent")
        self.resource, self.spent, self.cap = resource, spent, cap


class DiskFull(PelagosError):
    """No room where something had to be written. What was recorded before stays whole."""

    exit_code = 3

    def __init__(self, where: str) -> None:
        super().__init__(f"disk: no room left at {where}: make room, then `pelagos resume` goes on")
        self.where = where


class Locked(PelagosError):
    """Another process kept a file locked for longer than is waited. What was recorded before stays whole."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: another process keeps it locked (`fuser -v` tells which): end that one, then `pelagos resume` "
            "goes on"
        )


class Interrupted(PelagosError):
    """A person or the system asked the run to stop; `pelagos resume` goes on."""

    exit_code = 130


class ModelError(PelagosError):
    """A model call failed within its bound of tries."""


class ModelUnavailable(ModelError):
    """Nothing answers at the endpoint, or it refuses for good."""


class ModelTimeout(ModelError):
    """No answer within the limit. `tokens` is what was spent on it; None: not known."""

    def __init__(self, text: str, tokens: int | None = None) -> None:
        super().__init__(text)
        self.tokens = tokens


class BadReply(ModelError):
    """The answer is not what was asked for, re-asking included."""


class EditRefused(BadReply):
    """An edit that can't be applied to the program. `cause` is its class, the text says why in one line."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


class SourceFailed(PelagosError):
    """A source of papers that doesn't answer, refuses, or answers with nonsense."""


class SandboxError(PelagosError):
    """The sandbox itself failed, not the code in it. `waits`: seconds before each further attempt of who may repeat."""

    waits: tuple[float, ...] = (1.0, 5.0)


class EvaluationError(PelagosError):
    """Predictions that can't be scored. `cause` is one of missing, malformed, wrong_count, wrong_shape, nan, tampered,
    unknown_metric, evaluator_failed (the task's own evaluate.py raised, or took too much)."""

    def __init__(self, text: str, cause: str = "evaluator_failed") -> None:
        super().__init__(text)
        self.cause = cause
