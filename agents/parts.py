"""What a run is put together from: models, embedder, sandbox and bank, as the settings say.

A subclass brings other ones (tests bring scripted models). Whatever needs closing is closed when the drive ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from agents import folder as run_folder
from agents.caps import in_force
from agents.models.outage.waiting import Clock, SystemClock, Waiting, patience
from agents.models.protocol import Model
from agents.notes import note
from agents.run import Run, held_back
from agents.verifiers.generative import GenerativeVerifier
from memory.artifacts import ArtifactStore
from memory.budget import Budget
from memory.ledger import Ledger
from memory.project_runs import project_of, register
from memory.steps import Steps
from pelagos.errors import BadInput
from pelagos.nouns import Role
from pelagos.settings import Sandboxing, Settings
from sandbox.protocol import Sandbox
from sandbox.slots import Slots
from tools import registry
from tools.literature.cascade import Cascade
from tools.toolchain import Mind, Task, Toolchain

if TYPE_CHECKING:
    from memory.embedder import Embedder


class Parts:
    """The shipped parts."""

    clock: Clock = SystemClock()

    def check_model(self, spec: str, settings: Settings) -> None:
        """Raises BadInput or MissingPart for a model that can't be had here. Loads nothing."""
        from agents.models import registry as models

        models.check(spec, settings.models)

    def model(self, spec: str, settings: Settings, say: Callable[[str], None]) -> Model:
        """Opened, not loaded; `say` is told what takes long."""
        from agents.models import registry as models
        from agents.models.embedded import Watchers

        return models.open_model(spec, settings.models, Watchers(say=say))

    def sandbox(self, wanted: Sandboxing) -> Sandbox:
        from sandbox.choose import choose

        return choose(wanted.name, wanted.image)

    def check_embedder(self, settings: Settings, project: Path) -> None:
        """Raises BadInput or MissingPart for an embedder that can't be had here."""
        from agents import embedding

        embedding.check(settings.models.embedder, settings.models, project)

    def embedder(self, settings: Settings, project: Path, steps: Steps) -> Embedder:
        from agents import embedding

        return embedding.opened(settings.models.embedder, settings.models, project, steps)


@contextmanager
def assembled(
    folder: Path, described: run_folder.RunFile, ledger: Ledger, stop: threading.Event, parts: Parts
) -> Iterator[Run]:
    """The run, ready for the graph. Raises BadInput if the task copied into the folder was changed since, or the run's
    project isn't found."""
    from memory.bank import HypothesisBank

    project = project_of(folder, Path(described.project), bool(ledger.events("run.started")))
    planned = described.settings_in(project).hypotheses
    settings = in_force(described.settings_in(project), ledger)
    task, toolchain = _task(folder, described)
    registry.check_machine(task, settings.sandbox.name)
    budget = Budget(held_back(settings.caps, settings.judge.max_seeds), ledger, parts.clock.now)
    steps = Steps(ledger, budget, stop)
    waiting = _waiting(settings, steps, stop, parts.clock)
    artifacts, slots = ArtifactStore(folder / "artifacts"), Slots(settings.loop.workers or None)
    embedder = _embedder(parts, settings, project, steps, waiting)
    register(project, folder)
    with ExitStack() as stack:
        model = _models(parts, settings, ledger, stack)
        mind = _minds(model, settings, project, steps, artifacts, slots, waiting)
        yield Run(
            folder=folder,
            project=project,
            settings=settings,
            task=task,
            toolchain=toolchain,
            steps=steps,
            artifacts=artifacts,
            sandbox=parts.sandbox(settings.sandbox),
            slots=slots,
            bank=stack.enter_context(closing(HypothesisBank.open(project, embedder))),
            embedder=embedder,
            verifier=_verifier(mind, steps, settings),
            mind=mind,
            lanes=_lanes(model, settings),
            planned=planned,
            stop=stop,
            now=parts.clock.now,
            literature=_literature(settings, task, ledger, stack),
        )


def _waiting(settings: Settings, steps: Steps, stop: threading.Event, clock: Clock) -> Waiting:
    models = settings.models
    wanted_s = patience(models.patience_s, settings.caps.seconds)
    return Waiting(steps, stop, patience_s=wanted_s, fallback_s=models.fallback_s, clock=clock)


def _literature(settings: Settings, task: Task, ledger: Ledger, stack: ExitStack) -> Cascade:
    """Closed with the stack."""
    papers = settings.survey.corpus or task.papers
    cascade = Cascade.open(settings.literature, papers, lambda text: note(ledger, text))
    stack.callback(cascade.close)
    return cascade


def _verifier(mind: Callable[[Role], Mind], steps: Steps, settings: Settings) -> GenerativeVerifier:
    return GenerativeVerifier(
        lambda: mind("verifier"),
        lambda: int(steps.budget.summary().tokens.spent),
        settings.models.slots_of("verifier"),
    )


def _task(folder: Path, described: run_folder.RunFile) -> tuple[Task, Toolchain]:
    toolchain = registry.toolchain(described.toolchain)
    task = toolchain.load(folder / run_folder.TASK)
    if task.digest != described.digest:
        raise BadInput(f"{folder / run_folder.TASK}: was changed since the run began: put it back, or start a new run")
    return task, toolchain


def _embedder(parts: Parts, settings: Settings, project: Path, steps: Steps, waiting: Waiting) -> Embedder:
    embedder = parts.embedder(settings, project, steps)
    if settings.models.embedder.startswith("openai:"):
        from agents import embedding

        embedding.wait_by(embedder, waiting)
    return embedder


def _models(parts: Parts, settings: Settings, ledger: Ledger, stack: ExitStack) -> Callable[[str], Model]:
    """One model per spec, opened when first asked for."""

    @cache
    def model(spec: str) -> Model:
        opened = parts.model(spec, settings, lambda text: note(ledger, text))
        stack.callback(opened.close)
        return opened

    return model


def _minds(
    model: Callable[[str], Model],
    settings: Settings,
    project: Path,
    steps: Steps,
    artifacts: ArtifactStore,
    slots: Slots,
    waiting: Waiting,
) -> Callable[[Role], Mind]:
    """One mind per role, made when first asked for. The extractor's answers are the project's."""
    from agents.models.answers import Answers
    from agents.models.mind import ModelMind
    from agents.models.prices import Prices
    from agents.models.provider import Breakers
    from agents.models.speed import Speed

    lock, breakers = threading.RLock(), Breakers(waiting, Prices.load(settings.models.prices))

    @cache
    def speed(spec: str) -> Speed:
        return Speed.recorded(steps.ledger, spec)

    @cache
    def mind(role: Role) -> Mind:
        answers = Answers(project) if role == "extractor" else None
        first, *fallbacks = (model(spec) for spec in settings.models.specs(role))
        left, measured = steps.budget.left_s, speed(first.spec)
        return ModelMind(
            role, first, steps, artifacts, slots, settings, answers, left=left, speed=measured,
            fallbacks=fallbacks, breakers=breakers,
        )  # fmt: skip

    def locked(role: Role) -> Mind:
        with lock:
            return mind(role)

    return locked


def _lanes(model: Callable[[str], Model], settings: Settings) -> int:
    """As many hypotheses in work as the scarcest of the models answers at a time."""
    slots = [settings.models.slots(model(settings.models.spec(role)).local) for role in get_args(Role)]
    return settings.loop.lanes or min(slots)
