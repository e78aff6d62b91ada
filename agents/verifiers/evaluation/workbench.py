"""What a verifier needs outside a run: a model whose calls are recorded in a folder's ledger, and a sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agents.verifiers.language.checks import SandboxedChecks
from agents.verifiers.language.subject import REASONING
from agents.verifiers.parts import Parts
from memory.artifacts import ArtifactStore
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Event, Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.facts.drive import Note
from pelagos.settings import Settings
from sandbox.host.cpu_slots import CpuSlots
from sandbox.protocol import Sandbox
from tools.toolchain import RoleModel


@contextmanager
def open_workbench(folder: Path, settings: Settings, say: Callable[[str], None]) -> Iterator[Parts]:
    """Yield the parts for worked solutions. The model is opened when it is first asked; `say` gets lines about slow
    steps and what an endpoint lacks. Raises BadInput where another process works in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with hold_controller(folder), closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.watch(lambda event: _tell(event, say))
        steps = Steps(ledger, Budget(settings.caps, ledger))
        artifacts, slots = ArtifactStore(folder / "artifacts"), CpuSlots(settings.loop.workers or None)
        with _model_opener(settings, steps, artifacts, slots, say) as get_model:
            check = SandboxedChecks(lambda: _sandbox(settings), steps, artifacts, slots.take)
            yield Parts(get_model, check, settings, lambda: steps, REASONING)


def _tell(event: Event, say: Callable[[str], None]) -> None:
    if event.kind == Note.KIND:
        say(str(event.payload.get("text", "")))


def _sandbox(settings: Settings) -> Sandbox:
    from sandbox.choose import choose

    return choose(settings.sandbox.name, settings.sandbox.image)


@contextmanager
def _model_opener(
    settings: Settings, steps: Steps, artifacts: ArtifactStore, slots: CpuSlots, say: Callable[[str], None]
) -> Iterator[Callable[[], RoleModel]]:
    """Yield a function that opens the verifier role's model once; it is closed at the end."""
    from agents.models.llama_cpp.embedded import LoadCallbacks
    from agents.models.protocol import Model
    from agents.models.registry import open_model
    from agents.models.role_model import RecordedRoleModel

    opened: list[tuple[Model, RoleModel]] = []
    lock = threading.Lock()

    def get_model() -> RoleModel:
        with lock:
            if not opened:
                model = open_model(settings.models.spec("verifier"), settings.models, LoadCallbacks(say=say))
                opened.append((model, RecordedRoleModel("verifier", model, steps, artifacts, slots, settings)))
            return opened[0][1]

    try:
        yield get_model
    finally:
        for model, _ in opened:
            model.close()
