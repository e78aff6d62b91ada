"""Turns the end of a program and the counters into a typed outcome.

Exit codes alone don't decide: a program can survive a kill and exit with 0, and it can choose the code by which shells
report a signal.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping

from pelagos.nouns import OutcomeKind
from sandbox.host.process import ProcessEnd
from sandbox.limits.kernel_memory import MAX_LOCKS
from sandbox.limits.meter import MB, Counters
from sandbox.protocol import Limits, Outcome

_NEARLY_FULL = 0.9
_OUTSIDE_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def classify(
    end: ProcessEnd, counters: Counters, full: bool, refused: Mapping[str, str], limits: Limits
) -> tuple[OutcomeKind, str]:
    """Return kind and cause. `full`: one of its temporary file systems was seen full."""
    signal_number = _death_signal(end.exit_code)
    failed = bool(end.stopped) or end.exit_code != 0
    if failed and (counters.memory_kills or end.stopped == "oom"):
        return OutcomeKind.OOM, f"more than {limits.memory_mb} MB of memory"
    if end.stopped == "timeout":
        return OutcomeKind.TIMEOUT, f"still running after {limits.seconds:g} s"
    if end.stopped == "locks":
        return OutcomeKind.OOM, f"more than {MAX_LOCKS} file locks"
    if end.stopped == "cpu":
        return OutcomeKind.TIMEOUT, f"more than {limits.cpus * limits.seconds:g} s of processor time"
    if not failed:
        return _ok_or_invalid(refused)
    if counters.task_refusals:
        return OutcomeKind.PIDS, f"more than {limits.pids} processes and threads"
    if full:
        return OutcomeKind.DISK, f"more than {limits.disk_mb} MB of files"
    if signal_number in _OUTSIDE_SIGNALS:
        return OutcomeKind.KILLED, f"killed by {signal.Signals(signal_number).name}"
    if signal_number:
        return OutcomeKind.ERROR, f"died of {_signal_name(signal_number)}"
    return OutcomeKind.ERROR, f"exit code {end.exit_code}"


def make_outcome(
    limits: Limits,
    end: ProcessEnd,
    counters: Counters,
    full: bool,
    files: dict[str, bytes],
    refused: dict[str, str],
    log: str,
    isolation: str,
    peak_disk: int = 0,
) -> Outcome:
    """Return the outcome as it is recorded. SIGXFSZ means that a file is too large; any process can send it, so the
    peak is checked as well."""
    file_too_large = _death_signal(end.exit_code) == signal.SIGXFSZ and peak_disk > _NEARLY_FULL * limits.disk_mb * MB
    kind, cause = classify(end, counters, full or file_too_large, refused, limits)
    return Outcome(
        kind=kind,
        cause=cause,
        exit_code=end.exit_code,
        log=log,
        files=files,
        refused=refused,
        seconds=end.seconds,
        cpu_seconds=max(end.cpu_seconds, counters.cpu_seconds),
        peak_memory_mb=counters.peak_memory / MB,
        peak_disk_mb=peak_disk / MB,
        isolation=isolation,
    )


def _ok_or_invalid(refused: Mapping[str, str]) -> tuple[OutcomeKind, str]:
    if refused:
        return OutcomeKind.INVALID, "; ".join(f"{name}: {reason}" for name, reason in refused.items())
    return OutcomeKind.OK, ""


def _death_signal(exit_code: int) -> int:
    """Return the number of the signal that ended a process; 0 if none."""
    return -exit_code if -signal.NSIG < exit_code < 0 else 0


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
