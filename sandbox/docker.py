"""Docker Engine, and Podman by the same socket: one container per run, with the hardened options of
sandbox/container_options.py and our own supervisor and system-call filter inside.

Where an engine dies in mid-run that is EngineDied, a fault of the machinery; the next run waits for it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from pelagos.errors import MissingPart, SandboxError
from sandbox import seccomp
from sandbox.classify import outcome
from sandbox.container import Container
from sandbox.container_options import LABEL, host_image, options
from sandbox.engine import DOCKER, PODMAN, Engine, EngineDied, answering, answers, faults
from sandbox.gpu_meter import gpu_meter
from sandbox.log import BoundedLog
from sandbox.meter import MB
from sandbox.owner import is_orphan, new_label
from sandbox.protocol import Outcome, Spec


class Docker:
    """`image` is the user's own (sandbox.image); without one this machine's Python is shown in an empty one."""

    def __init__(self, engine: Engine = DOCKER, image: str = "") -> None:
        self._engine, self._image = engine, image
        self._ready: tuple[Any, str, str] | None = None
        self._died = False
        self.name = engine.name

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`. Raises MissingPart if no engine is there, SandboxError if the container can't start and
        EngineDied, which is one, if the engine stops answering."""
        client, image, version = self._ready or self._connected()
        import docker.errors

        log = BoundedLog(int(spec.limits.log_mb * MB), on_line)
        try:
            return self._attempt(client, image, version, spec, log)
        except docker.errors.APIError as error:
            raise SandboxError(f"the container can't go on: {error.explanation or error}") from error
        except EngineDied as error:
            client.close()
            self._ready, self._died = None, True
            raise EngineDied(f"the engine died: {error}") from error

    def _attempt(self, client: Any, image: str, version: str, spec: Spec, log: BoundedLog) -> Outcome:
        chosen = options(spec, self._image, new_label())
        user = chosen["user"].partition(":")[0]
        container = _create(client, image, chosen)
        try:
            uncounted = container.meter.uncounted()
            with gpu_meter(spec, container.meter.member) as cards:
                ending, counters = container.run(
                    spec, log, lambda: cards.sample() or uncounted.sample(time.monotonic())
                )
            files, refused = container.files(spec)
            isolation = f"{self.name} ({version}, {container.meter.label}, uid {user}, {_filtered()})"
        finally:
            with contextlib.suppress(EngineDied):  # it is dead; a new one's leftovers are reaped by their label
                container.remove()
        found = (spec.limits, ending, counters, container.full, files, refused, log.close(), isolation)
        return cards.typed(outcome(*found, container.peak_disk))

    def _prepare(self, client: Any) -> tuple[Any, str, str]:
        """Once per process: the image is there, the engine's version is known."""
        with answering():
            version = str(client.version()["Version"])
            image = self._image or _host_image(client)
            if self._image:
                _see(client, self._image)
        self._ready = client, image, version
        return self._ready

    def _connected(self) -> tuple[Any, str, str]:
        """One that died is waited for, and what it left is removed. Raises MissingPart, or EngineDied where it was
        there before."""
        if not self._died:
            return self._prepare(self._engine.connect())
        away: tuple[type[BaseException], ...] = (MissingPart, *faults())
        try:
            client = self._engine.again()
            _reap(client)
            return self._prepare(client)
        except away as error:
            raise EngineDied(str(error)) from error


def reap() -> list[str]:
    """Remove containers whose owner is gone, from every engine that answers. Returns their names."""
    names: list[str] = []
    for engine in (DOCKER, PODMAN):
        try:
            client = engine.connect()
        except MissingPart:  # no engine, no containers
            continue
        try:
            names += _reap(client)
        finally:
            client.close()
    return names


def _reap(client: Any) -> list[str]:
    gone = []
    with answering():
        for container in client.containers.list(all=True, filters={"label": LABEL}):
            if is_orphan(owner := container.labels.get(LABEL, "")):
                container.remove(force=True)
                gone.append(f"container {owner}")
    return gone


def _create(client: Any, image: str, chosen: dict[str, Any]) -> Container:
    import docker.errors

    try:
        return Container(client, chosen, image)
    except docker.errors.APIError as error:
        _forget(client, chosen["name"])
        raise SandboxError(f"the container can't start: {error.explanation or error}") from error
    except EngineDied as error:
        _forget(client, chosen["name"])
        if answers(client):  # some faults of ours come back as the engine's
            raise SandboxError(f"the container can't start: {error}") from error
        raise


def _forget(client: Any, name: str) -> None:
    """A container that was created but never started leaves nothing behind."""
    with contextlib.suppress(*faults()):
        client.containers.get(name).remove(force=True)


def _host_image(client: Any) -> str:
    import docker.errors

    name, content = host_image()
    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        repository, _, tag = name.partition(":")
        client.api.import_image_from_data(content, repository=repository, tag=tag)
    return name


def _see(client: Any, image: str) -> None:
    """Images are never pulled in the middle of a night. Raises MissingPart."""
    import docker.errors

    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        raise MissingPart(f"the engine has no image {image} (sandbox.image): pull or build it first") from None


def _filtered() -> str:
    return "seccomp" if seccomp.program() else "no seccomp"
