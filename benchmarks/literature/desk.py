"""What survey and novelty need of a run, on a work folder whose ledger makes a benchmark resumable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.literature.corpus import INPUT, OUTPUT, TOPIC
from memory.artifacts import ArtifactStore
from memory.embedders.embedder import Embedder
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.nouns import Paper
from pelagos.settings import Caps, Settings
from sandbox.host.cpu_slots import CpuSlots
from tools.literature.cascade import Cascade
from tools.literature.corpus import Corpus
from tools.toolchain import Briefing


@dataclass
class Desk:
    """Stands for `agents.run.Run`, and for its toolchain: the task is the made-up library's own."""

    folder: Path
    embedder: Embedder
    papers_: list[Paper]
    spec: str | None = None
    scored: int = 50
    task: Any = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ledger = Ledger.open(self.folder / "ledger.db")
        self.steps = Steps(ledger, Budget(Caps(), ledger))
        self.artifacts = ArtifactStore(self.folder / "artifacts")
        survey = {"scored": self.scored, "ranking": "attributes"}
        self.settings = Settings(models={"default": self.spec or "embedded"}, survey=survey)
        self.literature = Cascade(corpus=Corpus(self.papers_))
        self.toolchain = self
        self._role_model: Any = None

    def vectors(self) -> Any:
        """Return the papers' vectors (papers, dims), which are embedded once per folder."""
        file = self.folder / f"{self.embedder.id}-{len(self.papers_)}.npy"
        if not file.exists():
            texts = [f"{paper.title}. {paper.abstract}" for paper in self.papers_]
            np.save(file, self.embedder.embed(texts))
        return np.load(file)

    def model(self, role: str) -> Any:
        """Return the loop's own model on this folder's ledger; an answered call is not sent again."""
        if self._role_model is None:
            from agents.models.registry import open_model
            from agents.models.role_model import RecordedRoleModel

            assert self.spec is not None
            model = open_model(self.spec, self.settings.models)
            self._role_model = RecordedRoleModel(
                "extractor", model, self.steps, self.artifacts, CpuSlots(2), self.settings
            )
        return self._role_model

    def brief(self, task: Any, context: Any) -> Briefing:
        description = f"Given {INPUT}, a network gives {OUTPUT}. A change of the network or its training is wanted."
        return Briefing(TOPIC, description, {}, "", "")

    def papers(self) -> list[Any]:
        return []

    def say(self, text: str) -> None:
        print(text, flush=True)
