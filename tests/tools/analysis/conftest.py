"""Every test has a cache of its own: data sets that were read are kept there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.protocol import Sandbox
from tests.tools.analysis.small_study import ScriptedModel
from tests.tools.world import World


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def world(tmp_path: Path, jail: Sandbox) -> Iterator[World]:
    project = tmp_path / "project"
    project.mkdir()
    made = World(project, jail, ScriptedModel())
    yield made
    made.ledger.close()
