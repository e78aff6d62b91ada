"""Ways to run one program, each as a function that returns the seconds from the start to the program's first line."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pelagos.nouns import OutcomeKind
from sandbox.choose import BACKENDS, examine
from sandbox.container_options import host_image, options
from sandbox.docker import Docker
from sandbox.engine import DOCKER
from sandbox.owner import new_label
from sandbox.protocol import Sandbox, Spec

CODE = "print('first')"
Arm = Callable[[], float]


def plain() -> float:
    """A subprocess, nothing around it."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - began


def boxed(box: Sandbox) -> Arm:
    def run() -> float:
        seen: list[float] = []
        began = time.perf_counter()
        done = box.run(Spec(["python", "-c", CODE]), lambda line: seen.append(time.perf_counter()))
        if not seen:
            raise RuntimeError(f"{box.name}: {done.kind}: {done.cause}: {done.log}")
        return seen[0] - began

    return run


def standing() -> tuple[dict[str, Sandbox], dict[str, str]]:
    """The backends whose canary ran here, and for the others the reason."""
    boxes, missing = {}, {}
    for name in BACKENDS:
        found = examine(name)
        if found.works:
            boxes[name] = BACKENDS[name]("")
        else:
            missing[name] = found.reason
    return boxes, missing


@contextlib.contextmanager
def warm(image: str) -> Iterator[Arm]:
    """`exec` in a container that stands already, made as ours are. Raises MissingPart where no engine is."""
    first = Docker(image=image).run(Spec(["python", "-c", CODE]))  # the engine has the image afterwards
    if first.kind is not OutcomeKind.OK:
        raise RuntimeError(first.cause)
    client = DOCKER.connect()
    chosen = options(Spec(["python", "-c", CODE]), image, new_label()) | {"entrypoint": ["sleep", "3600"]}
    container = client.containers.create(image or host_image()[0], **chosen)

    def run() -> float:
        began = time.perf_counter()
        made = client.api.exec_create(container.id, ["python3" if image else sys.executable, "-c", CODE])
        for _ in client.api.exec_start(made["Id"], stream=True):
            return time.perf_counter() - began
        raise RuntimeError("the exec printed nothing")

    try:
        container.start()
        yield run
    finally:
        container.remove(force=True)
        client.close()


@contextlib.contextmanager
def aide(python: str) -> Iterator[Arm]:
    """AIDE's interpreter (package aideml) in its own Python. It hands lines over at the end of a run only."""
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
