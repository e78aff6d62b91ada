"""Role -> spec -> model -> mind. One model per spec, so roles that share a spec share the engine."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import get_args

from agents.models.embedded import Embedded, Watchers
from agents.models.locate import Located
from agents.models.mind import Desk, RecordedMind, Thinking
from agents.models.prices import Prices
from agents.models.protocol import Model
from agents.models.recorded import Recorded
from agents.models.retry import Patience
from agents.models.spec import Spec, parse
from memory.artifacts import ArtifactStore
from memory.steps import Steps
from pelagos.errors import BadInput
from pelagos.nouns import Role
from pelagos.settings import Models, Settings

ROLES: tuple[Role, ...] = get_args(Role)


def build(text: str, settings: Models, watchers: Watchers | None = None) -> Model:
    """The model that a spec names. Raises BadInput or MissingPart; loads no weights and calls nobody."""
    spec = parse(text)
    if spec.kind == "embedded":
        return Embedded(spec.name, settings, watchers)
    return Recorded(Path(spec.name).expanduser()) if spec.kind == "replay" else _endpoint(spec)


def check(settings: Models) -> None:
    """Whether every role's model could be made, before the first token. Raises BadInput or MissingPart."""
    Prices.load(settings.prices)
    faults: list[str] = []
    for text in sorted({settings.spec(role) for role in ROLES}):
        try:
            build(text, settings).close()
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(*faults)


class Minds:
    """A run's models. `mind(role)` may be asked from any thread."""

    def __init__(
        self,
        settings: Settings,
        steps: Steps,
        artifacts: ArtifactStore,
        slots: Thinking,
        watchers: Watchers | None = None,
        patience: Patience | None = None,
    ) -> None:
        models = settings.models
        self._settings = models
        self._watchers = watchers or Watchers()
        self._models: dict[str, Model] = {}
        self._lock = threading.Lock()
        self._desk = Desk(
            steps, artifacts, slots, Prices.load(models.prices), patience or Patience(models.retries),
            settings.seed, models.timeout_s, models.reasks,
        )  # fmt: skip

    def mind(self, role: Role) -> RecordedMind:
        """Raises BadInput or MissingPart where the role's model can't be made."""
        return RecordedMind(role, self._model(self._settings.spec(role)), self._desk)

    def close(self) -> None:
        with self._lock:
            while self._models:
                self._models.popitem()[1].close()

    def _model(self, text: str) -> Model:
        with self._lock:
            if text not in self._models:
                self._models[text] = build(text, self._settings, self._told())
            return self._models[text]

    def _told(self) -> Watchers:
        """The run's watchers; and the file that is loaded goes into the ledger, with its licence and origin."""

        def loaded(file: Located) -> None:
            self._desk.steps.ledger.append("model.file", file.path.name, file.payload())
            self._watchers.loaded(file)

        return Watchers(self._watchers.progress, self._watchers.say, loaded)


def _endpoint(spec: Spec) -> Model:
    from agents.models.endpoint import Endpoint

    return Endpoint(spec.name, spec.base_url)
