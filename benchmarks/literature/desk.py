"""What survey and novelty need of a run, on a work folder whose ledger makes a benchmark resumable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.literature.corpus import INPUT, OUTPUT, TOPIC
from memory.artifacts import ArtifactStore
from memory.budget import Budget
from memory.embedder import Embedder
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.nouns import Paper
from pelagos.settings import Caps, Settings
from sandbox.slots import Slots
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
        self._mind: Any = None

    def vectors(self) -> Any:
        """(papers, dims); embedded once per folder."""
        file = self.folder / f"{self.embedder.id}-{len(self.papers_)}.npy"
        if not file.exists():
            texts = [f"{paper.title}. {paper.abstract}" for paper in self.papers_]
            np.save(file, self.embedder.embed(texts))
        return np.load(file)

    def model(self, role: str) -> Any:
        """The loop's own mind on this folder's ledger: a call that was answered is not sent again."""
        if self._mind is None:
            from agents.models.mind import ModelMind
            from agents.models.registry import open_model

            assert self.spec is not None
            model = open_model(self.spec, self.settings.models)
            self._mind = ModelMind("extractor", model, self.steps, self.artifacts, Slots(2), self.settings)
        return self._mind

    def brief(self, task: Any, context: Any) -> Briefing:
        description = f"Given {INPUT}, a network gives {OUTPUT}. A change of the network or its training is wanted."
        return Briefing(TOPIC, description, {}, "", "")

    def papers(self) -> list[Any]:
        return []

    def say(self, text: str) -> None:
        print(text, flush=True)
