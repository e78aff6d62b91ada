"""A model spec made into a model. Nothing is loaded and nobody is called before the first completion."""

from __future__ import annotations

from pathlib import Path

from agents.models.embedded import Embedded, Watchers
from agents.models.prices import Prices
from agents.models.protocol import Model
from agents.models.recorded import Recorded
from agents.models.spec import Spec, parse
from pelagos.settings import Models


def open_model(text: str, settings: Models, watchers: Watchers | None = None) -> Model:
    """The model that a spec names. Raises BadInput or MissingPart. Embedded models of one file share one engine."""
    spec = parse(text)
    if spec.kind == "embedded":
        return Embedded(spec.name, settings, watchers)
    return Recorded(Path(spec.name).expanduser()) if spec.kind == "replay" else _endpoint(spec)


def check(text: str, settings: Models) -> None:
    """Whether the model could be made and its price table read. Raises BadInput or MissingPart."""
    Prices.load(settings.prices)
    open_model(text, settings).close()


def _endpoint(spec: Spec) -> Model:
    from agents.models.endpoint import Endpoint

    return Endpoint(spec.name, spec.base_url)
