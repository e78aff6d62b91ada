"""Sandboxes of installed packages: by name alone, after the canary ran; a broken one is named and in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from pelagos import plugins
from pelagos.errors import BadInput, MissingPart
from pelagos.nouns import OutcomeKind
from sandbox import choose as chooser
from sandbox.canary.canary import ASPECTS, Probe
from sandbox.choose import GROUP, choose, probe, probe_backend
from sandbox.protocol import Outcome, Spec


class Cell:
    """Runs nothing."""

    def __init__(self, image: str) -> None:
        self.name, self.image = "cell", image

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        return Outcome(OutcomeKind.OK)


class Half:
    name = "half"

    def __init__(self, image: str) -> None: ...


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    here = f"{__name__}:"
    points = {"cell": f"{here}Cell", "half": f"{here}Half", "gone": "no.such:Cell", "docker": f"{here}Cell"}
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: [EntryPoint(name, value, group) for name, value in points.items()]
    )
    assert GROUP == "pelagos.sandboxes"
    probe_backend.cache_clear()
    yield
    probe_backend.cache_clear()


def test_one_that_passes_the_canary_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        chooser, "canary", lambda made, image: Probe(made.name, True, checks=dict.fromkeys(ASPECTS, True))
    )
    made: Any = choose("cell", "debian")
    assert (type(made).__name__, made.image) == ("Cell", "debian")
    assert choose("auto").name != "cell"


def test_one_that_fails_the_canary_is_refused() -> None:
    with pytest.raises(MissingPart, match="sandbox cell doesn't work here"):
        choose("cell")


def test_a_broken_one_is_named_and_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingPart, match=r"sandbox 'half' .* lacks run; see sandbox/protocol\.py"):
        choose("half")
    with pytest.raises(MissingPart, match=r"sandbox .gone. .* can't be loaded: ModuleNotFoundError"):
        choose("gone")
    with pytest.raises(BadInput, match="did you mean cell"):
        choose("cel")
    monkeypatch.setattr(chooser, "BACKENDS", {})
    rows = {row.name: row for row in probe()}
    assert list(rows) == ["cell", "half", "gone", "unsafe"]
    assert "lacks run" in rows["half"].reason
    assert not rows["gone"].works


def test_a_shipped_one_is_not_shadowed() -> None:
    assert "docker" not in chooser.list_others()
