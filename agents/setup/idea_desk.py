"""Opens what a check of an idea needs, outside of any run: embedder, bank, literature and, where it is strong, the
extractor. Its calls go to a ledger that is deleted afterwards."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agents.literature.ranking import unscored
from agents.models.offline.no_model import NoModel
from agents.models.protocol import Model
from agents.setup.assembly import Assembly, make_wait_policy, open_role_models
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.nouns import RankedPaper, Role
from pelagos.settings import Caps, Settings
from pelagos.settings_sources import override
from sandbox.host.cpu_slots import CpuSlots
from tools.literature.cascade import Cascade
from tools.literature.corpus import Corpus
from tools.literature.findings_library import load_library
from tools.toolchain import RoleModel, Task

if TYPE_CHECKING:
    from memory.bank.bank import HypothesisBank
    from memory.embedders.embedder import Embedder

MAX_SHIPPED = 50
BY_COSINE = "the cosine alone"
Roles = Callable[[Role], RoleModel]


@dataclass
class IdeaDesk:
    """Satisfies `agents.literature.desk.Desk`. `bank` is None where the project has none. `shipped` are the findings
    that come with Pelagos and fit the idea. `said` collects what parts report."""

    settings: Settings
    embedder: Embedder
    bank: HypothesisBank | None
    literature: Cascade
    steps: Steps
    artifacts: ArtifactStore
    model: Roles
    no_model: Roles
    compared_by: str
    shipped: list[RankedPaper]
    said: list[str] = field(default_factory=list)

    def papers(self) -> list[RankedPaper]:
        return self.shipped

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask_no_model(self) -> None:
        """From now on, the cosine alone decides, by one search."""
        self.model, self.compared_by = self.no_model, BY_COSINE
        self.settings = override(self.settings, {"screen": {"rounds": 1}})


@contextmanager
def open_idea_desk(
    text: str, project: Path, settings: Settings, task: Task | None, assembly: Assembly
) -> Iterator[IdeaDesk]:
    """Yield the desk for the idea `text`. An endpoint that is away isn't waited for. Raises BadInput, MissingPart."""
    from memory.bank.bank import HypothesisBank

    settings = override(settings, {"models": {"patience_s": 0, "retries": 1}})
    said = list[str]()
    with tempfile.TemporaryDirectory(prefix="pelagos-idea-") as scratch, ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger.open(Path(scratch) / "ledger.db")))
        steps, artifacts = Steps(ledger, Budget(Caps(), ledger)), ArtifactStore(Path(scratch) / "artifacts")
        embedder = assembly.embedder(settings, project, steps)
        bank = HypothesisBank.open(project, embedder) if HypothesisBank.exists(project) else None
        if bank is not None:
            stack.callback(bank.close)
        literature = _open_literature(settings, task, project, said.append)
        stack.callback(literature.close)
        wait_policy = make_wait_policy(settings, steps, threading.Event(), assembly.clock)

        def open_roles(model: Model, answers: Path) -> Roles:
            stack.callback(model.close)
            return open_role_models(lambda _: model, settings, answers, steps, artifacts, CpuSlots(), wait_policy)

        extractor = _open_strong(settings, assembly, said.append)
        no_model = open_roles(NoModel(), Path(scratch))  # a check without a model leaves nothing in the project
        desk = IdeaDesk(
            settings, embedder, bank, literature, steps, artifacts,
            open_roles(extractor, project) if extractor else no_model, no_model,
            extractor.spec if extractor else BY_COSINE, _find_shipped(text), said,
        )  # fmt: skip
        if extractor is None:
            desk.ask_no_model()
        yield desk


def _open_literature(settings: Settings, task: Task | None, project: Path, say: Callable[[str], None]) -> Cascade:
    corpus = project / settings.survey.corpus if settings.survey.corpus else task.papers if task else None
    return Cascade.open(settings.literature, corpus, say)


def _open_strong(settings: Settings, assembly: Assembly, say: Callable[[str], None]) -> Model | None:
    """Return the extractor, None where it isn't strong. The embedded model is not; nothing is loaded to find out."""
    spec = settings.models.spec("extractor")
    if spec.strip().partition(":")[0] in {"embedded", "none"}:
        return None
    model = assembly.model(spec, settings, say)
    if model.strong:
        return model
    model.close()
    return None


def _find_shipped(text: str) -> list[RankedPaper]:
    """Return findings of the shipped library that share words with the text."""
    fitting = Corpus(list(load_library())).search(text, MAX_SHIPPED)
    return [unscored(paper, "general knowledge, from the shipped library") for paper in fitting]
