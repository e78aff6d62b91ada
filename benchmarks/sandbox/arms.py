"""Defines ways to run one program, each as a function that returns the seconds from the start to the program's first line."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pelagos.nouns import OutcomeKind
from sandbox.backends.docker.container_options import container_options, host_image
from sandbox.backends.docker.docker import Docker
from sandbox.backends.docker.engine import DOCKER
from sandbox.choose import BACKENDS, probe_backend
from sandbox.host.owner import new_label
from sandbox.protocol import Sandbox, Spec

CODE = "print('first')"
Arm = Callable[[], float]


def run_plain() -> float:
    """Run a subprocess without a sandbox."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - began


def make_boxed(box: Sandbox) -> Arm:
    def run() -> float:
        moments: list[float] = []
        began = time.perf_counter()
        outcome = box.run(Spec(["python", "-c", CODE]), lambda line: moments.append(time.perf_counter()))
        if not moments:
            raise RuntimeError(f"{box.name}: {outcome.kind}: {outcome.cause}: {outcome.log}")
        return moments[0] - began

    return run


def probe_backends() -> tuple[dict[str, Sandbox], dict[str, str]]:
    """Return the backends whose canary ran here, and the reason for each of the others."""
    boxes, missing = {}, {}
    for name in BACKENDS:
        probe = probe_backend(name)
        if probe.works:
            boxes[name] = BACKENDS[name]("")
        else:
            missing[name] = probe.reason
    return boxes, missing


@contextlib.contextmanager
def open_warm(image: str) -> Iterator[Arm]:
    """Time `exec` in a container that runs already and is made as ours are. Raises MissingPart if there is no engine."""
    outcome = Docker(image=image).run(Spec(["python", "-c", CODE]))  # the engine has the image afterwards
    if outcome.kind is not OutcomeKind.OK:
        raise RuntimeError(outcome.cause)
    client = DOCKER.connect()
    options = container_options(Spec(["python", "-c", CODE]), image, new_label()) | {"entrypoint": ["sleep", "3600"]}
    container = client.containers.create(image or host_image()[0], **options)

    def run() -> float:
        began = time.perf_counter()
        execution = client.api.exec_create(container.id, ["python3" if image else sys.executable, "-c", CODE])
        for _ in client.api.exec_start(execution["Id"], stream=True):
            return time.perf_counter() - began
        raise RuntimeError("the exec printed nothing")

    try:
        container.start()
        yield run
    finally:
        container.remove(force=True)
        client.close()


@contextlib.contextmanager
def open_aide(python: str) -> Iterator[Arm]:
    """Time AIDE's interpreter (package aideml) in its own Python. It hands lines over only at the end of a run."""
    driver = Path(__file__).with_name("aide_driver.py")
    with subprocess.Popen([python, str(driver)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{python}: package aideml can't be used there")

        def run() -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(CODE + "\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield run
        process.stdin.close()
