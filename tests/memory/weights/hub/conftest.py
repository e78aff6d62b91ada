from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.weights.hub import connection
from tests.memory.weights.hub.imitation import Imitation, imitation


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    """Two real servers, an empty cache, and no waits between tries."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(connection, "RETRY_WAITS_S", (0.0,) * len(connection.RETRY_WAITS_S))
    with imitation() as made:
        yield made
