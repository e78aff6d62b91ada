"""Finds a container engine that speaks Docker's API, Docker itself or Podman's socket, and waits for it.

Nothing is started here: an engine belongs to the machine. `docker` is imported only when an engine is needed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pelagos.errors import DiskFull, MissingPart, SandboxError
from sandbox.advice import engine_remedy

RECONNECT_LIMIT_S = 60.0
_CALL_LIMIT_S = 60.0


class EngineDied(SandboxError):
    """The engine stopped answering during a run. It may take minutes until somebody restarts it."""

    waits = (2.0, 30.0, 60.0, 120.0, 240.0)


@dataclass(frozen=True)
class Engine:
    """`variable` names the environment variable with its address, `sockets` its usual addresses."""

    name: str
    variable: str
    sockets: tuple[str, ...]
    mend: str

    @property
    def advice(self) -> str:
        return engine_remedy(self.variable, self.mend)

    def address(self) -> str:
        """Return the first address that exists. Raises MissingPart."""
        if address := os.environ.get(self.variable):
            return address
        for socket in self.sockets:
            path = Path(os.path.expanduser(os.path.expandvars(socket)))  # noqa: PTH111 - that of Path raises without a home
            if path.is_socket():
                return f"unix://{path}"
        raise MissingPart(f"{self.name}: no engine listens at {' or '.join(self.sockets)}: {self.advice}")

    def connect(self) -> Any:
        """Return a client of the running engine. Raises MissingPart where none answers."""
        address = self.address()
        try:
            import docker
        except ModuleNotFoundError:
            raise MissingPart(f"{self.name}: the Python package is missing: pip install 'pelagos[docker]'") from None
        try:
            client = docker.DockerClient(base_url=address, timeout=_CALL_LIMIT_S)
            client.ping()
        except client_errors() as error:
            raise MissingPart(
                f"{self.name}: no engine answers at {address} ({_last_line(error)}): {self.advice}"
            ) from None
        return client

    def reconnect(self) -> Any:
        """Return a client once the engine answers again, within `RECONNECT_LIMIT_S` seconds. Raises MissingPart."""
        end = time.monotonic() + RECONNECT_LIMIT_S
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


def client_errors() -> tuple[type[BaseException], ...]:
    """Return the exceptions that the client raises where the engine is gone or refuses: its own, requests' and the
    socket's."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    http = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)
    return (docker.errors.DockerException, *http, OSError)


def is_alive(client: Any) -> bool:
    """Whether the engine answers."""
    with contextlib.suppress(*client_errors()):
        return bool(client.ping())
    return False


@contextlib.contextmanager
def translate_engine_errors() -> Iterator[None]:
    """Translate errors of calls to an engine. Raises EngineDied where it is gone and DiskFull where it has no space
    for a container; other errors of the API pass unchanged."""
    import docker.errors

    try:
        yield
    except docker.errors.APIError as error:
        if os.strerror(errno.ENOSPC).casefold() in str(error).casefold():
            raise DiskFull("the container engine's disk") from error
        if error.response is not None and error.response.status_code < 500:
            raise
        raise EngineDied(_last_line(error)) from error
    except client_errors() as error:
        raise EngineDied(_last_line(error)) from error


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]
