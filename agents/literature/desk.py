"""What a check of novelty needs. A run has it, and so has a check of an idea outside of any run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from memory.artifacts import ArtifactStore
from memory.steps.steps import Steps
from pelagos.nouns import RankedPaper, Role
from pelagos.settings import Settings
from tools.literature.cascade import Cascade
from tools.toolchain import RoleModel

if TYPE_CHECKING:
    from memory.embedders.embedder import Embedder


class Desk(Protocol):
    """`papers` are surveyed ones, beside the corpus of `literature`."""

    @property
    def settings(self) -> Settings: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def literature(self) -> Cascade: ...
    @property
    def steps(self) -> Steps: ...
    @property
    def artifacts(self) -> ArtifactStore: ...
    def papers(self) -> list[RankedPaper]: ...
    def model(self, role: Role) -> RoleModel: ...
    def say(self, text: str) -> None: ...
