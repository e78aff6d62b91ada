"""The sandboxes that really work on this machine; a test that needs another one is skipped with its name."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

from sandbox.choose import BACKENDS, probe_backend
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

SMALL = Limits(seconds=20, memory_mb=200, pids=24, cpus=1, disk_mb=20, log_mb=0.1)


def standing(name: str) -> Sandbox:
    probe = probe_backend(name)
    if not probe.works:
        pytest.skip(f"{name} doesn't stand on this machine: {probe.reason}")
    return BACKENDS[name]("")


ENGINES = ("docker", "podman")
EACH = [pytest.param(name, marks=pytest.mark.docker if name in ENGINES else ()) for name in BACKENDS]


@pytest.fixture(params=EACH)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return standing(request.param)


@pytest.fixture
def best() -> Sandbox:
    return standing("bubblewrap")


@pytest.fixture
def execute(sandbox: Sandbox) -> Callable[..., Outcome]:
    """Run a Python program in each standing sandbox: `execute(code, collect={...}, limits=...)`."""

    def run(code: str, on_line: Callable[[str], None] | None = None, **parts: object) -> Outcome:
        spec = {"limits": SMALL, **parts}
        return sandbox.run(Spec(["python", "-c", textwrap.dedent(code)], **spec), on_line)  # type: ignore[arg-type]

    return run
