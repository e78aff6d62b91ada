"""The advice for a missing sandbox can be followed on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands.machine import doctor_checks
from pelagos.errors import MissingPart
from sandbox import advice, choose
from sandbox.backends.docker.engine import DOCKER
from sandbox.canary.canary import Probe

REFUSED = "the sandbox can't start: bwrap: Creating new namespace failed: Operation not permitted"
HOSTS_ONLY = ("sysctl", "systemctl", "systemd-run", "AppArmor profile", "run as root")


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "in_container", lambda: True)
    monkeypatch.setattr(advice, "_can_make_namespaces", lambda: False)
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
    remedy = advice.find_remedy(reason)
    assert remedy
    assert not [word for word in HOSTS_ONLY if word in remedy]
    if "control groups" not in reason:
        assert "--cap-add=SYS_ADMIN" in remedy and "--sandbox unsafe" in remedy


def test_no_engine_is_started_inside_a_container(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.is_socket", lambda self: False)
    with pytest.raises(MissingPart) as caught:
        DOCKER.address()
    assert "systemctl" not in str(caught.value)
    assert advice.find_remedy(str(caught.value)) == DOCKER.advice


def test_the_whole_refusal_gives_each_advice_once(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        choose,
        "probe_backend",
        lambda name, image="": Probe(name, False, reason=REFUSED, mend=advice.find_remedy(REFUSED)),
    )
    with pytest.raises(MissingPart) as caught:
        choose.choose()
    assert str(caught.value).count("--cap-add=SYS_ADMIN") == 1


def test_the_doctor_gives_the_same_advice(inside: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    groups = "no control groups that this process may make"
    found = [Probe("bubblewrap", False, reason=groups, mend=advice.find_remedy(groups))]
    found.append(Probe("bubblewrap-rlimit", False, reason=REFUSED, mend=advice.find_remedy(REFUSED)))
    monkeypatch.setattr(choose, "probe", lambda image: found)
    assert "--cap-add=SYS_ADMIN" in doctor_checks.check_sandbox().mend


def test_on_a_host_it_is_what_helps_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "in_container", lambda: False)
    assert "sysctl kernel.unprivileged_userns_clone=1" in advice.find_remedy(REFUSED)
    assert DOCKER.advice == DOCKER.mend


@pytest.mark.skipif(os.geteuid() != 0, reason="takes rights away, which wants root")
@pytest.mark.parametrize(("kept", "contained"), [("-all,+setuid", "True"), ("+all", "False")])
def test_root_without_the_right_to_make_name_spaces_is_in_a_container(kept: str, contained: str) -> None:
    ask = "from sandbox import advice\nadvice._MARKER_FILES = ()\nadvice._init_in_container = lambda: False\nprint(advice.in_container())"
    command = ["setpriv", f"--bounding-set={kept}", "--inh-caps=-all", sys.executable, "-c", ask]
    environment = {name: value for name, value in os.environ.items() if name not in advice._VARIABLES}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == contained
