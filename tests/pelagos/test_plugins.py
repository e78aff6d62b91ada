"""Shipped plug-ins can't be shadowed; what can't be loaded is named; errors of ours pass."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from pelagos import plugins
from pelagos.errors import BadInput, MissingPart

SHIPPED = {"path": "pathlib:Path"}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, EntryPoint]:
    others = [
        EntryPoint("path", "json:loads", "g"),
        EntryPoint("gone", "no.such.module:thing", "g"),
        EntryPoint("json", "json:loads", "g"),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: others if group == "g" else [])
    return plugins.list_plugins("g", SHIPPED)


def load(name: str, known: dict[str, EntryPoint], make: Any = lambda made: made, lacking: tuple[str, ...] = ()) -> Any:
    return plugins.load_plugin("thing", name, known, make, lambda made: lacking, "a.py")


def test_a_shipped_one_is_not_shadowed(known: dict[str, EntryPoint]) -> None:
    assert {name: point.value for name, point in known.items()} == {
        "path": "pathlib:Path", "gone": "no.such.module:thing", "json": "json:loads",
    }  # fmt: skip


def test_it_is_loaded_and_made(known: dict[str, EntryPoint]) -> None:
    assert load("json", known, lambda loads: loads("[1]")) == [1]


def test_each_fault_is_one_line_that_names_it(known: dict[str, EntryPoint]) -> None:
    with pytest.raises(BadInput, match=r"^thing 'jsom' is not known; did you mean 'json'\?$"):
        load("jsom", known)
    with pytest.raises(
        MissingPart, match=r"^thing 'gone' \(no\.such\.module:thing\) can't be loaded: ModuleNotFoundEr"
    ):
        load("gone", known)
    with pytest.raises(MissingPart, match=r"^thing 'json' \(json:loads\) can't be loaded: JSONDecodeError"):
        load("json", known, lambda loads: loads("{"))
    with pytest.raises(MissingPart, match=r"^thing 'json' \(json:loads\) lacks score, name; see a\.py$"):
        load("json", known, lacking=("score", "name"))


def test_an_error_of_ours_passes_as_it_is(known: dict[str, EntryPoint]) -> None:
    def make(made: Any) -> None:
        raise BadInput("votes: write a number")

    with pytest.raises(BadInput, match=r"^votes: write a number$"):
        load("json", known, make)
