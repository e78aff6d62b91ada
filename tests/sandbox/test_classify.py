"""An outcome is typed by what was measured, whatever code or signal the program chose."""

from __future__ import annotations

import signal

import pytest

from pelagos.nouns import OutcomeKind
from sandbox.classify import make_outcome
from sandbox.host.process import ProcessEnd
from sandbox.limits.meter import MB, Counters
from sandbox.protocol import Limits, Outcome

LIMITS = Limits(disk_mb=20, memory_mb=100)


def typed(exit_code: int, stopped: str = "", full: bool = False, disk: int = 0, kills: int = 0) -> Outcome:
    counters = Counters(memory_kills=kills)
    return make_outcome(LIMITS, ProcessEnd(exit_code, stopped, 1.0, 1.0), counters, full, {}, {}, "", "here", disk)


@pytest.mark.parametrize("code", range(1, 256))
def test_no_exit_code_is_more_than_an_exit_code(code: int) -> None:
    assert (typed(code).kind, typed(code).cause) == (OutcomeKind.ERROR, f"exit code {code}")


@pytest.mark.parametrize(
    ("done", "kind", "cause"),
    [
        (typed(-signal.SIGKILL), OutcomeKind.KILLED, "killed by SIGKILL"),
        (typed(-signal.SIGSEGV), OutcomeKind.ERROR, "died of SIGSEGV"),
        (typed(-signal.SIGXFSZ), OutcomeKind.ERROR, "died of SIGXFSZ"),
        (typed(-signal.SIGXFSZ, disk=19 * MB), OutcomeKind.DISK, "more than 20 MB of files"),
        (typed(1, full=True), OutcomeKind.DISK, "more than 20 MB of files"),
        (typed(137, kills=1), OutcomeKind.OOM, "more than 100 MB of memory"),
        (typed(-9, "oom"), OutcomeKind.OOM, "more than 100 MB of memory"),
        (typed(-9, "locks"), OutcomeKind.OOM, "more than 20000 file locks"),
        (typed(0, kills=1), OutcomeKind.OK, ""),
    ],
)
def test_what_was_measured_decides(done: Outcome, kind: OutcomeKind, cause: str) -> None:
    assert (done.kind, done.cause) == (kind, cause)
