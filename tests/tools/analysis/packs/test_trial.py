"""Tools of modules whose import isn't sound are left out of an analysis; shipped ones aren't tried."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pelagos import plugins
from tests.tools.world import World
from tools.analysis.packs.registry import load_packs
from tools.analysis.packs.trial import KIND, find_module, try_tools
from tools.functions import places
from tools.functions.packs import load_functions

TOOL = '''
def {name}(data):
    """Double.

    Produces: scaled
    """
    return data
'''


def test_a_tool_with_a_side_effect_is_left_out_and_named(tmp_path: Path, world: World) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sound.py").write_text(TOOL.format(name="double"))
    (tmp_path / "mine" / "prints.py").write_text("print('hello')\n" + TOOL.format(name="halve"))
    paths = [tmp_path / "mine"]
    tools = load_packs(["tables"], paths)
    kept = try_tools(tools, ["tables"], paths, world)
    assert set(tools) - set(kept) == {"halve"}
    [fault] = kept.faults
    assert str(fault) == "mine.halve: prints.py:1: prints when it is imported; move that into a function"
    assert try_tools(tools, ["tables"], paths, world) == kept
    assert len(world.ledger.events(KIND)) == 1


def test_shipped_packs_are_not_tried(world: World) -> None:
    tools = load_packs(["tables"])
    assert try_tools(tools, ["tables"], [], world) is tools
    assert not world.ledger.events(KIND)


def test_a_tool_is_known_by_the_module_that_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "star_tools.py").write_text(TOOL.format(name="double"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sound.py").write_text(TOOL.format(name="halve"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [EntryPoint("stars", "star_tools", places.GROUP)])
    given = ["stars", "cells"], [tmp_path / "mine"]
    modules = load_functions(*given).modules
    assert {find_module(spec) for spec in load_packs(*given).values()} <= set(modules)
