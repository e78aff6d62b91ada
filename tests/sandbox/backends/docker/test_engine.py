"""Errors of a container engine, translated without an engine."""

from __future__ import annotations

import pytest
import requests

from pelagos.errors import DiskFull
from sandbox.backends.docker.engine import EngineDied, translate_engine_errors

errors = pytest.importorskip("docker.errors")


def refuse(explanation: str) -> None:
    response = requests.Response()
    response.status_code = 500
    with translate_engine_errors():
        raise errors.APIError("500 Server Error", response=response, explanation=explanation)


def test_an_engine_without_room_is_a_full_disk_and_not_a_dead_engine() -> None:
    with pytest.raises(DiskFull, match="the container engine's disk"):
        refuse("write /var/lib/docker/overlay2/x: no space left on device")
    with pytest.raises(EngineDied):
        refuse("the daemon is shutting down")
