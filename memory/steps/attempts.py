"""Records attempts at a step that the machinery spoiled beside the step's fact; they are repeated within a bound.

A failure of the machinery (`SandboxError`) says nothing about what is tested, and neither does an experiment that was
killed from outside. A program that is killed at every attempt is recorded as killed: it may have killed itself. The
untouched program is an exception: killing it helps nobody, so the run stops and `resume` tries again.
"""

from __future__ import annotations

import threading
from typing import Any

from memory.ledger.ledger import Ledger
from pelagos.errors import Interrupted, RunFailed, SandboxError
from pelagos.facts.fact import dump_payload
from pelagos.facts.reader import ATTEMPT
from pelagos.facts.work import Attempt
from pelagos.nouns import OutcomeKind

KILLED = OutcomeKind.KILLED.value


class Attempts:
    """The attempts at one step (`kind`, `key`) in this process. `stop` ends a wait."""

    def __init__(self, ledger: Ledger, stop: threading.Event, kind: str, key: str) -> None:
        self._ledger, self._stop = ledger, stop
        self._kind, self._key = kind, key
        self._failed = self._killed = 0

    def record_failure(self, error: SandboxError) -> None:
        """Record the failure and wait. Raises RunFailed where it was the last attempt, and Interrupted."""
        self._failed += 1
        self._record(str(error), {})
        if self._failed > len(error.waits):
            times = f"{self._failed} times in a row"
            raise RunFailed(f"{self._kind}: the sandbox failed {times}, no result is recorded: {error}") from error
        self._wait(error.waits[self._failed - 1])

    def record_killed(self, cause: str, payload: dict[str, Any]) -> bool:
        """Record that a result was killed from outside. Return whether to try again. `payload` is added to the record.
        Raises RunFailed where the untouched program was killed at each attempt."""
        self._killed += 1
        if self._killed <= len(SandboxError.waits):
            self._record(cause, payload)
            return True
        untouched = "hypothesis" in payload and payload["hypothesis"] is None
        self._record(f"{cause}, at each of {self._killed} attempts", payload if untouched else {})
        if untouched:
            raise RunFailed(f"{self._kind}: the untouched program was stopped {self._killed} times in a row: {cause}")
        return False

    def wait(self) -> None:
        """Wait before the next attempt. Raises Interrupted."""
        self._wait(SandboxError.waits[self._killed - 1])

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Interrupted("stopped before the next attempt")

    def _record(self, cause: str, payload: dict[str, Any]) -> None:
        kind, number = self._kind + ATTEMPT, 1
        while self._ledger.find(kind, f"{self._key}/{number}"):
            number += 1
        fields = dump_payload(Attempt.model_validate({**payload, "of": self._key, "cause": cause}))
        cost = {"cost": payload["cost"]} if "cost" in payload else {}
        self._ledger.append(kind, f"{self._key}/{number}", fields | cost)


def killed_cause(payload: dict[str, Any]) -> str:
    """Return how a step's program was killed from outside, "" where its result is its own."""
    return str(payload.get("cause") or KILLED) if payload.get("outcome") == KILLED else ""
