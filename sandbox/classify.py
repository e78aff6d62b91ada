"""From an ending and counters to a typed outcome. Exit codes don't decide: a survivor can exit with 0, and a
program can choose the code by which shells report a signal."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from pelagos.nouns import OutcomeKind
from sandbox.meter import MB, Counters
from sandbox.process import Ending
from sandbox.protocol import Limits, Outcome
from sandbox.uncounted import MOST_LOCKS

_FILLED = 0.9
_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def classify(
    ending: Ending, counters: Counters, full: bool, refused: Mapping[str, str], limits: Limits
) -> tuple[OutcomeKind, str]:
    """Kind and cause. `full`: one of its temporary file systems was seen without room."""
    died = _signal(ending.exit_code)
    failed = bool(ending.stopped) or ending.exit_code != 0
    if failed and (counters.memory_kills or ending.stopped == "oom"):
        return OutcomeKind.OOM, f"more than {limits.memory_mb} MB of memory"
    if ending.stopped == "timeout":
        return OutcomeKind.TIMEOUT, f"still running after {limits.seconds:g} s"
    if ending.stopped == "locks":
        return OutcomeKind.OOM, f"more than {MOST_LOCKS} file locks"
    if ending.stopped == "cpu":
        return OutcomeKind.TIMEOUT, f"more than {limits.cpus * limits.seconds:g} s of processor time"
    if not failed:
        return _complete(refused)
    if counters.task_refusals:
        return OutcomeKind.PIDS, f"more than {limits.pids} processes and threads"
    if full:
        return OutcomeKind.DISK, f"more than {limits.disk_mb} MB of files"
    if died in _OUTSIDE:
        return OutcomeKind.KILLED, f"killed by {signal.Signals(died).name}"
    if died:
        return OutcomeKind.ERROR, f"died of {_name(died)}"
    return OutcomeKind.ERROR, f"exit code {ending.exit_code}"


def outcome(
    limits: Limits,
    ending: Ending,
    counters: Counters,
    full: bool,
    files: dict[str, bytes],
    refused: dict[str, str],
    log: str,
    isolation: str,
    peak_disk: int = 0,
) -> Outcome:
    """The outcome as it is recorded. SIGXFSZ says that a file is too large; anybody can send it, so we look as well."""
    large = _signal(ending.exit_code) == signal.SIGXFSZ and peak_disk > _FILLED * limits.disk_mb * MB
    kind, cause = classify(ending, counters, full or large, refused, limits)
    return Outcome(
        kind=kind,
        cause=cause,
        exit_code=ending.exit_code,
        log=log,
        files=files,
        refused=refused,
        seconds=ending.seconds,
        cpu_seconds=max(ending.cpu_seconds, counters.cpu_seconds),
        peak_memory_mb=counters.peak_memory / MB,
        peak_disk_mb=peak_disk / MB,
        isolation=isolation,
    )


def _complete(refused: Mapping[str, str]) -> tuple[OutcomeKind, str]:
    if refused:
        return OutcomeKind.INVALID, "; ".join(f"{name}: {reason}" for name, reason in refused.items())
    return OutcomeKind.OK, ""


def _signal(exit_code: int) -> int:
    """The signal a process died of; 0 if none."""
    return -exit_code if -signal.NSIG < exit_code < 0 else 0


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
