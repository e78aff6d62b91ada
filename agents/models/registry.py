"""Creates the model that a spec names. Nothing is loaded and no server is called before the first completion."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from agents.models.catalog.prices import Prices
from agents.models.llama_cpp.embedded import EmbeddedModel, LoadCallbacks
from agents.models.offline.no_model import NoModel
from agents.models.offline.replay import ReplayModel
from agents.models.protocol import Model, Probeable
from agents.models.spec import Spec, parse_spec
from pelagos.settings import Models


def open_model(text: str, settings: Models, callbacks: LoadCallbacks | None = None) -> Model:
    """Return the model that a spec names. Embedded models of one file share one engine. Raises BadInput,
    MissingPart."""
    spec = parse_spec(text)
    if spec.kind == "embedded":
        return EmbeddedModel(spec.name, settings, callbacks)
    if spec.kind == "none":
        return NoModel()
    return ReplayModel(Path(spec.name).expanduser()) if spec.kind == "replay" else _endpoint(spec)


def check_model(text: str, settings: Models) -> None:
    """Check that the model can be created, its endpoint answers and the price table can be read. Raises BadInput or
    MissingPart."""
    Prices.load(settings.prices)
    with closing(open_model(text, settings)) as model:
        if isinstance(model, Probeable):
            model.probe()


def find_unpriced(specs: Iterable[str], settings: Models) -> list[str]:
    """Return the specs that have no price. Raises BadInput for a bad table."""
    prices = Prices.load(settings.prices)
    endpoint_names = (f"{spec.kind}:{spec.name}" for spec in map(parse_spec, specs))
    return [name for name in endpoint_names if prices.price(name) is None]


def _endpoint(spec: Spec) -> Model:
    from agents.models.openai.endpoint import Endpoint

    return Endpoint(spec.name, spec.base_url)
