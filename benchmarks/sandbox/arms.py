"""Ways to run one program, each as a function that returns the seconds from the start to the program's first line."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandbox.choose import BACKENDS, examine
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
    """`exec` in a container of `image` that stands already. Raises DockerException or ImageNotFound."""
    import docker

    client = docker.from_env(timeout=60)
    hardened: dict[str, Any] = {"network_mode": "none", "read_only": True, "cap_drop": ["ALL"], "user": "65534:65534"}
    hardened["security_opt"] = ["no-new-privileges:true"]
    container = client.containers.run(image, ["sleep", "3600"], detach=True, labels={"pelagos.bench": "1"}, **hardened)

    def run() -> float:
        began = time.perf_counter()
        made = client.api.exec_create(container.id, ["python3", "-c", CODE])
        for _ in client.api.exec_start(made["Id"], stream=True):
            return time.perf_counter() - began
        raise RuntimeError("the exec printed nothing")

    try:
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
