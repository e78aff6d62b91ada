"""What only an engine can do: die, leave containers behind, lack an image. Needs an engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pelagos.errors import MissingPart
from pelagos.nouns import OutcomeKind
from sandbox.backends.docker.container_options import LABEL
from sandbox.backends.docker.docker import Docker, reap
from sandbox.backends.docker.engine import DOCKER, Engine, EngineDied
from sandbox.protocol import Limits, Spec

SCRIPT = Path(__file__).parents[4] / "scripts" / "container-engine"
LIMITS = Limits(seconds=30, memory_mb=200, pids=24, cpus=1, disk_mb=20, log_mb=0.1)
pytestmark = pytest.mark.docker


@pytest.fixture
def client() -> Any:
    try:
        return DOCKER.connect()
    except MissingPart as error:
        pytest.skip(str(error))


def ours(client: Any) -> list[str]:
    return [one.name for one in client.containers.list(all=True, filters={"label": LABEL})]


def test_nothing_is_left_behind(client: Any) -> None:
    outcome = Docker().run(Spec(["python", "-c", "print(6 * 7)"], limits=LIMITS))
    assert (outcome.kind, outcome.log) == (OutcomeKind.OK, "42")
    assert "seccomp" in outcome.isolation and ours(client) == []


def test_large_files_come_home_whole(client: Any) -> None:
    code = "open('big.bin', 'wb').write(bytes(range(256)) * 60_000)"
    outcome = Docker().run(Spec(["python", "-c", code], collect={"big.bin": 16_000_000}, limits=LIMITS))
    assert outcome.kind is OutcomeKind.OK, outcome
    assert outcome.files["big.bin"] == bytes(range(256)) * 60_000


def test_containers_of_the_dead_are_reaped_and_no_others(client: Any) -> None:
    code = "from sandbox.backends.docker.docker import Docker\nfrom sandbox.protocol import Spec\n"
    code += "Docker().run(Spec(['python', '-c', 'print(1, flush=True); import time; time.sleep(300)']), print)"
    dead = subprocess.Popen([sys.executable, "-uc", code], stdout=subprocess.PIPE)
    assert dead.stdout and dead.stdout.readline()
    left = ours(client)
    dead.kill()
    dead.wait()
    client.containers.create(client.images.list()[0].id, "true", name="pelagos-bystander")
    try:
        assert {f"container {name}" for name in left} <= set(reap())
        assert ours(client) == []
        assert client.containers.get("pelagos-bystander")
    finally:
        client.containers.get("pelagos-bystander").remove()


def test_an_image_that_isnt_there_is_one_line(client: Any) -> None:
    with pytest.raises(MissingPart, match="no image pelagos/nowhere"):
        Docker(image="pelagos/nowhere").run(Spec(["python", "-c", "1"]))


class Mortal:
    """An engine of our own that may be killed."""

    def __init__(self, home: Path) -> None:
        self._environment = os.environ | {"PELAGOS_ENGINE_HOME": str(home)}
        self._pid = home / "docker" / "pid"
        self.engine = Engine("docker", "PELAGOS_TEST_ENGINE", (str(home / "docker" / "engine.sock"),), "start it")

    def script(self, action: str) -> None:
        subprocess.run(
            [SCRIPT, action, "docker"], env=self._environment, check=True, timeout=120, stdout=subprocess.PIPE
        )

    def die(self) -> None:
        os.kill(int(self._pid.read_text()), signal.SIGKILL)


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    if os.geteuid() != 0:
        pytest.skip("starting an engine needs root")
    with tempfile.TemporaryDirectory(prefix="pe") as short:  # a socket's path has to be short
        Path(short).chmod(0o755)  # the containers' user walks through it
        made = Mortal(Path(short))
        made.script("start")
        yield made
        made.script("stop")


@pytest.mark.timeout(300)
def test_an_engine_that_dies_is_the_machinerys_fault_and_the_next_run_waits_for_it(mortal: Mortal) -> None:
    lines: list[str] = []

    def die_once(line: str) -> None:
        lines.append(line)
        if len(lines) == 1:
            mortal.die()
            threading.Timer(1.0, mortal.script, ["start"]).start()

    code = "import time\nprint('begun', flush=True)\ntime.sleep(3)\nprint('ended')"
    docker, spec = Docker(mortal.engine), Spec(["python", "-c", code], limits=LIMITS)
    with pytest.raises(EngineDied, match="the engine died"):
        docker.run(spec, die_once)
    outcome = docker.run(spec, die_once)
    assert outcome.kind is OutcomeKind.OK, outcome
    assert lines == ["begun", "begun", "ended"] and outcome.log == "begun\nended"


@pytest.mark.timeout(300)
def test_an_engine_that_stays_dead_is_away_for_each_run(mortal: Mortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.backends.docker.engine.RECONNECT_LIMIT_S", 1.0)
    mark = f"pelagos-mark-{time.time_ns()}"
    code = f"import time\nprint('begun', flush=True)\ntime.sleep(300)  # {mark}"
    docker = Docker(mortal.engine)
    for _ in range(2):
        with pytest.raises(EngineDied):
            docker.run(Spec(["python", "-c", code], limits=LIMITS), lambda line: mortal.die())
    assert mark not in subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout
