"""Checks that are executed in the sandbox of this machine, recorded in a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from agents.verifiers.language.checks import SandboxedChecks
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.settings import Caps
from sandbox.choose import choose
from sandbox.protocol import Outcome, Sandbox, Spec


class Counting:
    """A sandbox that counts its starts."""

    name = "counting"

    def __init__(self) -> None:
        self.specs: list[Spec] = []
        self._sandbox: Sandbox = choose("auto")

    def run(self, spec: Spec, on_line: object = None) -> Outcome:
        self.specs.append(spec)
        return self._sandbox.run(spec)


@pytest.fixture
def sandbox() -> Counting:
    return Counting()


@pytest.fixture
def checks(tmp_path: Path, sandbox: Counting) -> Iterator[SandboxedChecks]:
    ledger = Ledger.open(tmp_path / "ledger.db")
    steps = Steps(ledger, Budget(Caps(), ledger))
    yield SandboxedChecks(lambda: sandbox, steps, ArtifactStore(tmp_path / "artifacts"), nullcontext)
    ledger.close()
