"""A small real environment for toolchains: ledger, steps, artifacts, slots and sandbox. Models are the tests' own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.nouns import Fidelity, Role, Version
from pelagos.settings import Caps
from sandbox.gpu import gpu_slots
from sandbox.host.cpu_slots import CpuSlots
from sandbox.protocol import Limits, Sandbox
from tools.toolchain import RoleModel, Work


@dataclass
class World:
    """Satisfies tools.toolchain.Context."""

    project: Path
    sandbox: Sandbox
    role_model: Any
    said: list[str] = field(default_factory=list)
    looked: Callable[[Version], Fidelity | None] = lambda version: None
    ranked: Callable[[Sequence[Work]], list[int]] = lambda works: list(range(len(works)))
    criticised: Callable[[Work], str] = lambda work: ""

    def __post_init__(self) -> None:
        self.ledger = Ledger.open(self.project / "ledger.db")
        self.steps = Steps(self.ledger, Budget(Caps(), self.ledger))
        self.artifacts = ArtifactStore(self.project / "artifacts")
        self.slots = CpuSlots(2)
        self.lock = threading.Lock()

    def model(self, role: Role) -> RoleModel:
        return self.role_model  # type: ignore[no-any-return]

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return self.slots.take(cpus)

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        return gpu_slots.take(limits.gpus, limits.gpu_memory_mb, lambda reason: None)

    def fidelity(self, version: Version) -> Fidelity | None:
        return self.looked(version)

    def rank(self, works: Sequence[Work]) -> list[int]:
        return self.ranked(works)

    def criticise(self, work: Work) -> str:
        return self.criticised(work)

    def say(self, text: str) -> None:
        with self.lock:
            self.said.append(text)
