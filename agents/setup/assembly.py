"""Assembles a run from its parts as the settings say: models, embedder, sandbox, bank.

A subclass of `Assembly` supplies other parts (tests supply scripted models). All parts are closed when the drive ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from agents.models.outage.wait_policy import Clock, SystemClock, WaitPolicy, patience_seconds
from agents.models.protocol import Model
from agents.notes import note
from agents.run import Run, subtract_reserve
from agents.setup import run_folder
from agents.setup.caps import read_settings_in_force
from agents.setup.lanes import count_lanes
from agents.setup.project_tools import add_tools
from agents.verifiers.language.checks import SandboxedChecks
from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Verifier
from agents.verifiers.registry import choose_spec, open_verifier
from memory.artifacts import ArtifactStore
from memory.files.project_runs import find_project, register_run
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import BadInput
from pelagos.nouns import Role
from pelagos.settings import Sandboxing, Settings
from sandbox.host.cpu_slots import CpuSlots
from sandbox.protocol import Sandbox
from tools import registry
from tools.abilities import Configured
from tools.literature.cascade import Cascade
from tools.toolchain import RoleModel, Task, Toolchain

if TYPE_CHECKING:
    from memory.embedders.embedder import Embedder


class Assembly:
    """Creates the shipped parts of a run."""

    clock: Clock = SystemClock()

    def check_model(self, spec: str, settings: Settings) -> None:
        """Raises BadInput or MissingPart for a model that isn't available. Loads nothing."""
        from agents.models import registry as models

        models.check_model(spec, settings.models)

    def model(self, spec: str, settings: Settings, say: Callable[[str], None]) -> Model:
        """Return the model, which isn't loaded yet. `say` is called with a line about each slow step."""
        from agents.models import registry as models
        from agents.models.llama_cpp.embedded import LoadCallbacks

        return models.open_model(spec, settings.models, LoadCallbacks(say=say))

    def sandbox(self, settings: Sandboxing) -> Sandbox:
        from sandbox.choose import choose

        return choose(settings.name, settings.image)

    def check_embedder(self, settings: Settings, project: Path) -> None:
        """Raises BadInput or MissingPart for an embedder that isn't available."""
        from agents.setup import embedding

        embedding.check_embedder(settings.models.embedder, settings.models, project)

    def embedder(self, settings: Settings, project: Path, steps: Steps) -> Embedder:
        from agents.setup import embedding

        return embedding.open_embedder(settings.models.embedder, settings.models, project, steps)


@contextmanager
def assemble(
    folder: Path, description: run_folder.RunFile, ledger: Ledger, stop: threading.Event, assembly: Assembly
) -> Iterator[Run]:
    """Yield the run, ready for the graph. Raises BadInput if the task's copy in the folder was changed, or if the run's
    project isn't found."""
    from memory.bank.bank import HypothesisBank

    project = find_project(folder, Path(description.project), bool(ledger.events("run.started")))
    settings = read_settings_in_force(description.settings_in(project), ledger)
    task, toolchain = _load_task(folder, description, settings)
    registry.check_machine(task, settings.sandbox.name)
    budget = Budget(settings.caps, ledger, assembly.clock.now)
    budget.limit_loop(subtract_reserve(settings.caps, settings.judge.max_seeds))
    steps = Steps(ledger, budget, stop)
    wait_policy = make_wait_policy(settings, steps, stop, assembly.clock)
    artifacts, slots = ArtifactStore(folder / "artifacts"), CpuSlots(settings.loop.workers or None)
    embedder = _open_embedder(assembly, settings, project, steps, wait_policy)
    register_run(project, folder)
    with ExitStack() as stack:
        open_model = _open_models(assembly, settings, ledger, stack)
        sandbox = assembly.sandbox(settings.sandbox)
        role_models = open_role_models(open_model, settings, project, steps, artifacts, slots, wait_policy)
        yield Run(
            folder=folder,
            project=project,
            settings=settings,
            task=task,
            toolchain=toolchain,
            steps=steps,
            artifacts=artifacts,
            sandbox=sandbox,
            slots=slots,
            bank=stack.enter_context(closing(HypothesisBank.open(project, embedder))),
            embedder=embedder,
            verifier=_open_verifier(role_models, settings, sandbox, steps, artifacts, slots),
            role_models=role_models,
            lanes=count_lanes(settings, _count_slots(open_model, settings)),
            stop=stop,
            now=assembly.clock.now,
            literature=_open_literature(settings, task, ledger, stack),
        )


def make_wait_policy(settings: Settings, steps: Steps, stop: threading.Event, clock: Clock) -> WaitPolicy:
    models = settings.models
    patience_s = patience_seconds(models.patience_s, settings.caps.seconds)
    return WaitPolicy(steps, stop, patience_s=patience_s, fallback_s=models.fallback_s, clock=clock)


def _open_literature(settings: Settings, task: Task, ledger: Ledger, stack: ExitStack) -> Cascade:
    """Open the literature sources; they are closed with the stack."""
    papers = settings.survey.corpus or task.papers
    cascade = Cascade.open(settings.literature, papers, lambda text: note(ledger, text))
    stack.callback(cascade.close)
    return cascade


def _open_verifier(
    role_models: Callable[[Role], RoleModel],
    settings: Settings,
    sandbox: Sandbox,
    steps: Steps,
    artifacts: ArtifactStore,
    slots: CpuSlots,
) -> Verifier:
    check = SandboxedChecks(lambda: sandbox, steps, artifacts, slots.take)
    spec = choose_spec(settings.verifiers.kind, role_models("verifier").strong)
    return open_verifier(spec, Parts(lambda: role_models("verifier"), check, settings, lambda: steps))


def _load_task(folder: Path, description: run_folder.RunFile, settings: Settings) -> tuple[Task, Toolchain[Task]]:
    toolchain = registry.toolchain(description.toolchain)
    if isinstance(toolchain, Configured):
        toolchain.configure(settings)
    task = toolchain.load(folder / run_folder.TASK)
    if task.digest != description.digest:
        raise BadInput(f"{folder / run_folder.TASK}: was changed since the run began: put it back, or start a new run")
    return add_tools(task, toolchain, folder, description), toolchain


def _open_embedder(
    assembly: Assembly, settings: Settings, project: Path, steps: Steps, wait_policy: WaitPolicy
) -> Embedder:
    embedder = assembly.embedder(settings, project, steps)
    if settings.models.embedder.startswith("openai:"):
        from agents.setup import embedding

        embedding.use_wait_policy(embedder, wait_policy)
    return embedder


def _open_models(assembly: Assembly, settings: Settings, ledger: Ledger, stack: ExitStack) -> Callable[[str], Model]:
    """Return a function that opens one model per spec, when it is first asked for."""

    @cache
    def open_model(spec: str) -> Model:
        model = assembly.model(spec, settings, lambda text: note(ledger, text))
        stack.callback(model.close)
        return model

    return open_model


def open_role_models(
    open_model: Callable[[str], Model],
    settings: Settings,
    project: Path,
    steps: Steps,
    artifacts: ArtifactStore,
    slots: CpuSlots,
    wait_policy: WaitPolicy,
) -> Callable[[Role], RoleModel]:
    """Return a function that makes one recorded model per role, when it is first called for. All runs of the project
    share the extractor's answers."""
    from agents.models.answer_cache import AnswerCache
    from agents.models.catalog.prices import Prices
    from agents.models.provider import CircuitBreakers
    from agents.models.role_model import RecordedRoleModel
    from agents.models.speed import Speed

    lock, breakers = threading.RLock(), CircuitBreakers(wait_policy, Prices.load(settings.models.prices))

    @cache
    def read_speed(spec: str) -> Speed:
        return Speed.from_ledger(steps.ledger, spec)

    @cache
    def make_role_model(role: Role) -> RoleModel:
        answers = AnswerCache(project) if role == "extractor" else None
        first, *fallbacks = (open_model(spec) for spec in settings.models.specs(role))
        return RecordedRoleModel(
            role, first, steps, artifacts, slots, settings, answers, seconds_left=steps.budget.seconds_left,
            speed=read_speed(first.spec), fallbacks=fallbacks, breakers=breakers,
        )  # fmt: skip

    def role_model(role: Role) -> RoleModel:
        with lock:
            return make_role_model(role)

    return role_model


def _count_slots(open_model: Callable[[str], Model], settings: Settings) -> int:
    """Return the number of requests that the model with the fewest slots answers at a time."""
    return min(settings.models.slots(open_model(settings.models.spec(role)).local) for role in get_args(Role))
