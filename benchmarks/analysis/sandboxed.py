"""A sandbox that remembers what its executions took."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from sandbox.protocol import Outcome, Sandbox, Spec


@dataclass
class Metered:
    """Hands everything on to `inner`; `outcomes` are those of all executions."""

    inner: Sandbox
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        outcome = self.inner.run(spec, on_line)
        self.outcomes.append(outcome)
        return outcome


@dataclass(frozen=True)
class ToolContext:
    """All that running calls needs of a context."""

    sandbox: Sandbox

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return nullcontext()
