"""A container engine that speaks Docker's API: Docker itself, or Podman's socket. Finds it, and waits for it.

Nothing is started here: an engine belongs to the machine. `docker` is imported only when an engine is asked for.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pelagos.errors import MissingPart, SandboxError
from sandbox.advice import engine

PATIENCE = 60.0
_CALL_LIMIT = 60.0


class EngineDied(SandboxError):
    """The engine stopped answering in the middle of a run. It may take minutes until somebody starts it again."""

    waits = (2.0, 30.0, 60.0, 120.0, 240.0)


@dataclass(frozen=True)
class Engine:
    """`variable` names the environment variable that holds its address, `sockets` where it usually listens."""

    name: str
    variable: str
    sockets: tuple[str, ...]
    mend: str

    @property
    def advice(self) -> str:
        return engine(self.variable, self.mend)

    def address(self) -> str:
        """The first that is there. Raises MissingPart."""
        if named := os.environ.get(self.variable):
            return named
        for socket in self.sockets:
            path = Path(os.path.expanduser(os.path.expandvars(socket)))  # noqa: PTH111 - that of Path raises without a home
            if path.is_socket():
                return f"unix://{path}"
        raise MissingPart(f"{self.name}: no engine listens at {' or '.join(self.sockets)}: {self.advice}")

    def connect(self) -> Any:
        """A client of the running engine. Raises MissingPart if none answers."""
        address = self.address()
        try:
            import docker
        except ModuleNotFoundError:
            raise MissingPart(f"{self.name}: the Python package is missing: pip install 'pelagos[docker]'") from None
        try:
            client = docker.DockerClient(base_url=address, timeout=_CALL_LIMIT)
            client.ping()
        except faults() as error:
            raise MissingPart(f"{self.name}: no engine answers at {address} ({_short(error)}): {self.advice}") from None
        return client

    def again(self) -> Any:
        """A client once the engine answers again, within `PATIENCE` seconds. Raises MissingPart."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.connect()
            except MissingPart:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


DOCKER = Engine(
    "docker",
    "DOCKER_HOST",
    ("/var/run/docker.sock", "$XDG_RUNTIME_DIR/docker.sock", "~/.docker/run/docker.sock"),
    "start it (systemctl start docker), set DOCKER_HOST, or join its group",
)
PODMAN = Engine(
    "podman",
    "CONTAINER_HOST",
    ("/run/podman/podman.sock", "$XDG_RUNTIME_DIR/podman/podman.sock"),
    "start its socket (systemctl --user start podman.socket) or set CONTAINER_HOST",
)


def faults() -> tuple[type[BaseException], ...]:
    """What the client raises where the engine is gone or refuses: its own errors, requests' and the socket's."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    http = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)
    return (docker.errors.DockerException, *http, OSError)


def answers(client: Any) -> bool:
    """Whether the engine lives."""
    with contextlib.suppress(*faults()):
        return bool(client.ping())
    return False


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Calls to an engine that was there. Raises EngineDied if it's gone, what it says otherwise."""
    import docker.errors

    try:
        yield
    except docker.errors.APIError as error:
        if error.response is not None and error.response.status_code < 500:
            raise
        raise EngineDied(_short(error)) from error
    except faults() as error:
        raise EngineDied(_short(error)) from error


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]
