"""What is advised where no sandbox stands can be done where we are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import checks
from pelagos.errors import MissingPart
from sandbox import advice, choose
from sandbox.canary import Probe
from sandbox.engine import DOCKER

REFUSED = "the sandbox can't start: bwrap: Creating new namespace failed: Operation not permitted"
HOSTS_ONLY = ("sysctl", "systemctl", "systemd-run", "AppArmor profile", "run as root")


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "contained", lambda: True)
    monkeypatch.setattr(advice, "_capable", lambda: False)
    monkeypatch.delenv("DOCKER_HOST", raising=False)


@pytest.mark.parametrize(
    "reason",
    [
        REFUSED,
        "bwrap: loopback: Failed RTM_NEWADDR: No child processes",
        "bwrap: setting up uid map: Permission denied",
        "bwrap is not on the PATH: apt install bubblewrap",
        "no control groups that this process may make",
    ],
)
def test_inside_a_container_nothing_is_advised_that_only_a_host_can_do(reason: str, inside: None) -> None:
    said = advice.mend(reason)
    assert said
    assert not [word for word in HOSTS_ONLY if word in said]
    if "control groups" not in reason:
        assert "--cap-add=SYS_ADMIN" in said and "--sandbox unsafe" in said


def test_no_engine_is_started_inside_a_container(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.is_socket", lambda self: False)
    with pytest.raises(MissingPart) as caught:
        DOCKER.address()
    assert "systemctl" not in str(caught.value)
    assert advice.mend(str(caught.value)) == DOCKER.advice


def test_the_whole_refusal_gives_each_advice_once(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        choose, "examine", lambda name, image="": Probe(name, False, reason=REFUSED, mend=advice.mend(REFUSED))
    )
    with pytest.raises(MissingPart) as caught:
        choose.choose()
    assert str(caught.value).count("--cap-add=SYS_ADMIN") == 1


def test_the_doctor_gives_the_same_advice(inside: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    groups = "no control groups that this process may make"
    found = [Probe("bubblewrap", False, reason=groups, mend=advice.mend(groups))]
    found.append(Probe("bubblewrap-rlimit", False, reason=REFUSED, mend=advice.mend(REFUSED)))
    monkeypatch.setattr(choose, "probe", lambda image: found)
    assert "--cap-add=SYS_ADMIN" in checks.sandbox().mend


def test_on_a_host_it_is_what_helps_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "contained", lambda: False)
    assert "sysctl kernel.unprivileged_userns_clone=1" in advice.mend(REFUSED)
    assert DOCKER.advice == DOCKER.mend


@pytest.mark.skipif(os.geteuid() != 0, reason="takes rights away, which wants root")
@pytest.mark.parametrize(("kept", "contained"), [("-all,+setuid", "True"), ("+all", "False")])
def test_root_without_the_right_to_make_name_spaces_is_in_a_container(kept: str, contained: str) -> None:
    ask = "from sandbox import advice\nadvice._MARKS = ()\nadvice._listed = lambda: False\nprint(advice.contained())"
    command = ["setpriv", f"--bounding-set={kept}", "--inh-caps=-all", sys.executable, "-c", ask]
    environment = {name: value for name, value in os.environ.items() if name not in advice._VARIABLES}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == contained
