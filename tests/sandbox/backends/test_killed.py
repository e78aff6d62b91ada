"""Kills from outside and refusals of the operating system are told apart from what a program does itself."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pelagos.errors import EvaluationError, MissingPart, SandboxError
from pelagos.nouns import Direction, Metric, OutcomeKind
from sandbox.backends.docker.docker import Docker
from sandbox.backends.docker.engine import Engine, EngineDied
from sandbox.backends.unsafe import Unsafe
from sandbox.evaluation import evaluator
from sandbox.evaluation.evaluator import Evaluator
from sandbox.host.os_errors import translate_os_errors
from sandbox.limits.cgroup_reader import CgroupsV1, CgroupsV2
from sandbox.protocol import Outcome, Spec
from tests.sandbox.backends.test_bubblewrap import alive

METRIC = Metric(name="mae", direction=Direction.DOWN, min_effect=0.1)


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_a_process_that_cant_be_started_is_the_machinerys_fault(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: object, **more: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(SandboxError, match=os.strerror(code)):
        Unsafe().run(Spec(["python", "-c", "1"]))


def test_a_full_disk_passes_as_it_is() -> None:
    with pytest.raises(OSError, match="No space left") as full, translate_os_errors():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not isinstance(full.value, SandboxError)


def test_what_a_version_2_group_loses_to_the_machine_is_no_limit_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pids.events").write_text("max 0\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 5\n")
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\n")
    assert CgroupsV2(tmp_path).counters().memory_kills == 0
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n")
    assert CgroupsV2(tmp_path).counters().memory_kills == 1


def test_what_a_version_1_group_loses_to_the_machine_is_no_limit_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "memory.oom_control").write_text("oom_kill 1\n")
    (tmp_path / "memory.limit_in_bytes").write_text("200000000\n")
    (tmp_path / "pids.events").write_text("max 0\n")
    groups = CgroupsV1({name: tmp_path for name in ("memory", "pids", "cpu")})
    for most, kills in ((90_000_000, 0), (199_900_000, 1), (200_000_000, 1)):
        (tmp_path / "memory.max_usage_in_bytes").write_text(f"{most}\n")
        assert groups.counters().memory_kills == kills


class Ends:
    """A sandbox in which everything ends the same way."""

    name = "ends"

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        return self.outcome


@pytest.mark.parametrize(
    ("outcome", "raised"),
    [
        (Outcome(OutcomeKind.KILLED, "killed by SIGKILL"), SandboxError),
        (Outcome(OutcomeKind.TIMEOUT, "still running"), EvaluationError),
        (Outcome(OutcomeKind.ERROR, "exit code 1"), EvaluationError),
    ],
)
def test_an_evaluator_that_was_stopped_says_nothing_of_the_predictions(
    outcome: Outcome, raised: type[Exception], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.npy"
    labels.write_bytes(b"x")
    with pytest.raises(raised):
        Evaluator(Ends(outcome)).score(labels, b"p", METRIC)


def test_labels_that_cant_be_read_for_a_moment_are_not_called_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    made = Evaluator(Ends(Outcome(OutcomeKind.OK)))
    with pytest.raises(EvaluationError, match="can't be read"):
        made.digest(tmp_path / "gone.npy", "mae")
    monkeypatch.setattr(evaluator.Path, "read_bytes", refused)
    with pytest.raises(SandboxError, match="Too many open files"):
        made.digest(tmp_path / "labels.npy", "mae")


def test_a_real_kill_from_outside_and_one_of_its_own_are_killed(execute: Callable[..., Outcome]) -> None:
    mark = f"pelagos-mark-{os.getpid()}"
    code = f"import time\nprint('begun', flush=True)\ntime.sleep(60)  # {mark}"

    def kill(line: str) -> None:
        for pid in alive(mark):
            with suppress(ProcessLookupError):  # it went with the one before
                os.kill(pid, signal.SIGKILL)

    done = execute(code, kill)
    assert (done.kind, done.cause) == (OutcomeKind.KILLED, "killed by SIGKILL")
    own = execute("import os\nos.kill(os.getpid(), 9)")
    assert own.kind is OutcomeKind.KILLED


class Gone:
    """A client of an engine that doesn't answer."""

    def __getattr__(self, name: str) -> Any:
        import requests

        raise requests.exceptions.ConnectionError("nobody listens")

    def close(self) -> None: ...


def test_an_engine_that_goes_away_is_waited_for_and_is_no_missing_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("docker")
    monkeypatch.setattr("sandbox.backends.docker.engine.RECONNECT_LIMIT_S", 0.0)
    engine = Engine("docker", "PELAGOS_TEST_ENGINE", (str(tmp_path / "no.sock"),), "start it")
    with pytest.raises(MissingPart):
        Docker(engine).run(Spec(["true"]))
    docker = Docker(engine)
    docker._ready = (Gone(), "", "1")
    for told in ("the engine died", "no engine listens"):
        with pytest.raises(EngineDied, match=told):
            docker.run(Spec(["true"]))
