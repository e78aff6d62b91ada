"""A context for a toolchain outside a run: real ledger, steps, artifacts, slots and sandbox; a scripted model."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from agents.models.role_model import RecordedRoleModel
from agents.testing.scripted_model import ScriptedModel
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.nouns import Fidelity, Role, Version
from pelagos.settings import Caps, Settings
from sandbox.choose import choose
from sandbox.gpu import gpu_slots
from sandbox.host.cpu_slots import CpuSlots
from sandbox.protocol import Limits, Sandbox
from tools.toolchain import Context, RoleModel, Work


class ScriptedContext:
    """Satisfies `tools.toolchain.Context`. What is made is kept below `project`, an existing folder. `said` are the
    lines for whoever is watching. The sandbox is chosen when it is first asked for. Nobody looks at fidelity, and no
    verifier ranks or criticises. A context manager: closes the ledger."""

    def __init__(self, project: Path, model: ScriptedModel | None = None, sandbox: Sandbox | None = None) -> None:
        self.project, self.scripted = project, model or ScriptedModel()
        self.ledger = Ledger.open(project / "ledger.db")
        self.steps = Steps(self.ledger, Budget(Caps(), self.ledger))
        self.artifacts = ArtifactStore(project / "artifacts")
        self.said: list[str] = []
        self._given, self._slots, self._lock = sandbox, CpuSlots(2), threading.Lock()

    def __enter__(self) -> ScriptedContext:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ledger.close()

    @cached_property
    def sandbox(self) -> Sandbox:
        """Raises MissingPart where none works here."""
        return self._given or choose()

    def model(self, role: Role) -> RoleModel:
        return RecordedRoleModel(role, self.scripted, self.steps, self.artifacts, self._slots, Settings())

    def slot(self, cpus: float = 1.0) -> AbstractContextManager[None]:
        return self._slots.take(cpus)

    def cards(self, limits: Limits) -> AbstractContextManager[tuple[int, ...]]:
        return gpu_slots.take(limits.gpus, limits.gpu_memory_mb, lambda reason: None)

    def fidelity(self, version: Version) -> Fidelity | None:
        return None

    def rank(self, works: Sequence[Work]) -> list[int]:
        return list(range(len(works)))

    def criticise(self, work: Work) -> str:
        return ""

    def say(self, text: str) -> None:
        with self._lock:
            self.said.append(text)


if TYPE_CHECKING:

    def _whole(context: ScriptedContext) -> Context:
        return context
