"""A model spec made into a model. Nothing is loaded and nobody is called before the first completion."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from agents.models.embedded import Embedded, Watchers
from agents.models.prices import Prices
from agents.models.protocol import Model, Probed
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
    """Whether the model could be made, its endpoint answers and its price table can be read. Raises BadInput or
    MissingPart."""
    Prices.load(settings.prices)
    with closing(open_model(text, settings)) as model:
        if isinstance(model, Probed):
            model.probe()


def unpriced(specs: Iterable[str], settings: Models) -> list[str]:
    """Those of the specs whose price nobody said. Raises BadInput for a bad table."""
    prices = Prices.load(settings.prices)
    names = (f"{spec.kind}:{spec.name}" for spec in map(parse, specs))
    return [name for name in names if prices.price(name) is None]


def _endpoint(spec: Spec) -> Model:
    from agents.models.endpoint import Endpoint

    return Endpoint(spec.name, spec.base_url)
