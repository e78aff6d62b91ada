"""Docker Engine, and Podman by the same socket: one container per run, with the options of
sandbox/backends/docker/container_options.py and Pelagos' own supervisor and system-call filter inside.

Where an engine dies during a run, EngineDied is raised, a failure of the machinery; the next run waits for the engine.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from pelagos.errors import DiskFull, MissingPart, SandboxError
from sandbox.backends.docker.container import Container
from sandbox.backends.docker.container_options import LABEL, container_options, host_image
from sandbox.backends.docker.engine import (
    DOCKER,
    PODMAN,
    Engine,
    EngineDied,
    client_errors,
    is_alive,
    translate_engine_errors,
)
from sandbox.classify import make_outcome
from sandbox.gpu.gpu_meter import gpu_meter
from sandbox.host.owner import is_orphan, new_label
from sandbox.limits import seccomp
from sandbox.limits.meter import MB
from sandbox.log import BoundedLog
from sandbox.protocol import Outcome, Spec


class Docker:
    """`image` is the user's own (sandbox.image); without one, this machine's Python is shown in an empty image."""

    def __init__(self, engine: Engine = DOCKER, image: str = "") -> None:
        self._engine, self._image = engine, image
        self._ready: tuple[Any, str, str] | None = None
        self._died = False
        self.name = engine.name

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        """See `Sandbox.run`. Raises MissingPart where there is no engine, SandboxError where the container can't
        start, and EngineDied, which is one, where the engine stops answering."""
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
        create_options = container_options(spec, self._image, new_label())
        user = create_options["user"].partition(":")[0]
        container = _create(client, image, create_options)
        try:
            uncounted = container.meter.kernel_memory()
            with gpu_meter(spec, container.meter.contains) as gpu_use:
                end, counters = container.run(spec, log, lambda: gpu_use.sample() or uncounted.sample(time.monotonic()))
            files, refused = container.files(spec)
            isolation = f"{self.name} ({version}, {container.meter.label}, uid {user}, {_filter_label()})"
        finally:
            with contextlib.suppress(EngineDied):  # a dead engine can't remove it; it is reaped by its label later
                container.remove()
        arguments = (spec.limits, end, counters, container.full, files, refused, log.close(), isolation)
        return gpu_use.with_gpu_use(make_outcome(*arguments, container.peak_disk))

    def _prepare(self, client: Any) -> tuple[Any, str, str]:
        """Make sure, once per process, that the image is there, and get the version of the engine."""
        with translate_engine_errors():
            version = str(client.version()["Version"])
            image = self._image or _host_image(client)
            if self._image:
                _require_image(client, self._image)
        self._ready = client, image, version
        return self._ready

    def _connected(self) -> tuple[Any, str, str]:
        """Return client, image and version. An engine that died is waited for, and what it left is removed. Raises
        MissingPart, or EngineDied where an engine was there before."""
        if not self._died:
            return self._prepare(self._engine.connect())
        unavailable: tuple[type[BaseException], ...] = (MissingPart, *client_errors())
        try:
            client = self._engine.reconnect()
            _reap(client)
            return self._prepare(client)
        except unavailable as error:
            raise EngineDied(str(error)) from error


def reap() -> list[str]:
    """Remove containers whose owner no longer exists, from every engine that answers. Return their names."""
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
    removed = []
    with translate_engine_errors():
        for container in client.containers.list(all=True, filters={"label": LABEL}):
            if is_orphan(owner := container.labels.get(LABEL, "")):
                container.remove(force=True)
                removed.append(f"container {owner}")
    return removed


def _create(client: Any, image: str, create_options: dict[str, Any]) -> Container:
    import docker.errors

    try:
        return Container(client, create_options, image)
    except DiskFull:
        _remove_unstarted(client, create_options["name"])
        raise
    except docker.errors.APIError as error:
        _remove_unstarted(client, create_options["name"])
        raise SandboxError(f"the container can't start: {error.explanation or error}") from error
    except EngineDied as error:
        _remove_unstarted(client, create_options["name"])
        if is_alive(client):  # some faults of the options are reported as the engine's
            raise SandboxError(f"the container can't start: {error}") from error
        raise


def _remove_unstarted(client: Any, name: str) -> None:
    """Remove a container that was created but never started."""
    with contextlib.suppress(*client_errors()):
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


def _require_image(client: Any, image: str) -> None:
    """Raise MissingPart where the engine has no such image. Images are never pulled during a run."""
    import docker.errors

    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        raise MissingPart(f"the engine has no image {image} (sandbox.image): pull or build it first") from None


def _filter_label() -> str:
    return "seccomp" if seccomp.build_filter() else "no seccomp"
