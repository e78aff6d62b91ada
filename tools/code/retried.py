"""A sandbox for what is no step of its own: its faults, and kills from outside, are tried again within the bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from memory.steps import Steps
from pelagos.nouns import OutcomeKind
from sandbox.protocol import Outcome, Sandbox, Spec


@dataclass(frozen=True)
class Retried:
    """Satisfies `Sandbox`. Attempts are recorded as those of (`kind`, `key`)."""

    sandbox: Sandbox
    steps: Steps
    kind: str
    key: str

    @property
    def name(self) -> str:
        return self.sandbox.name

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`. One that was killed at every attempt is returned as it is."""
        return self.steps.tried(self.kind, self.key, lambda: self.sandbox.run(spec, on_line), _death)


def _death(outcome: Outcome) -> str:
    return outcome.cause if outcome.kind is OutcomeKind.KILLED else ""
