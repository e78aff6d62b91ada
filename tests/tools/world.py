"""A small real environment for toolchains: ledger, steps, artifacts, slots and sandbox. Models are the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agents.testing import ScriptedContext
from pelagos.nouns import Fidelity, Role, Version
from sandbox.protocol import Sandbox
from tools.toolchain import RoleModel, Work


class World(ScriptedContext):
    """A context with one model for all roles; a test may set what a verifier and a look at fidelity say."""

    def __init__(self, project: Path, sandbox: Sandbox, role_model: Any) -> None:
        super().__init__(project, sandbox=sandbox)
        self.role_model = role_model
        self.looked: Callable[[Version], Fidelity | None] = super().fidelity
        self.ranked: Callable[[Sequence[Work]], list[int]] = super().rank
        self.criticised: Callable[[Work], str] = super().criticise

    def model(self, role: Role) -> RoleModel:
        return self.role_model  # type: ignore[no-any-return]

    def fidelity(self, version: Version) -> Fidelity | None:
        return self.looked(version)

    def rank(self, works: Sequence[Work]) -> list[int]:
        return self.ranked(works)

    def criticise(self, work: Work) -> str:
        return self.criticised(work)
