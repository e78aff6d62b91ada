from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.hub import site
from tests.memory.hub.imitation import Imitation, imitation


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    """Two real servers, an empty cache, and no waits between tries."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(site, "WAITS_S", (0.0,) * len(site.WAITS_S))
    with imitation() as made:
        yield made
