"""Every test has a cache of its own: data sets that were read are kept there. The sandbox is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pelagos.errors import MissingPart
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.tools.analysis.small_study import World


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def jail() -> Sandbox:
    try:
        return choose("auto")
    except MissingPart as missing:
        pytest.skip(f"no sandbox works here: {missing}")


@pytest.fixture
def world(tmp_path: Path, jail: Sandbox) -> Iterator[World]:
    project = tmp_path / "project"
    project.mkdir()
    made = World(project, jail)
    yield made
    made.ledger.close()
