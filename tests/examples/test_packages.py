"""The examples that are packages: installed into a folder of their own, found by their entry points, and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.examples.places import EXAMPLES

PACKAGES = ("domain_tool", "toolchain", "verifier")
ROOT = EXAMPLES.parent
pytestmark = pytest.mark.slow
ASK = Path(__file__).with_name("ask_installed.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a process finds where the packages are installed; one process for all tests."""
    folder = tmp_path_factory.mktemp("installed")
    for name in PACKAGES:  # a build leaves its files beside the source
        shutil.copytree(EXAMPLES / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    sources = [str(folder / "source" / name) for name in PACKAGES]
    subprocess.run([*pip, "--target", str(folder / "site"), *sources], check=True, timeout=110)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder / "site"), str(ROOT)])}
    command = [sys.executable, str(ASK), str(EXAMPLES), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_toolchain_is_found_and_fits_its_protocol(told: Any) -> None:
    assert told["toolchains"] == ["analysis", "code", "curves"]
    assert told["toolchain"] == []


def test_a_scripted_loop_runs_with_the_installed_toolchain_and_verifier(told: Any) -> None:
    assert told["ending"] == "1 hypothesis tested"
    assert told["verdict"] == ["supported", "values"]


def test_the_verifier_is_found_and_fits_its_protocol(told: Any) -> None:
    assert told["verifier"] == []
    assert told["scores"] == [0.9, pytest.approx(0.1)]
    assert "sureness" in told["refused"]


def test_the_domain_tool_is_found_by_its_entry_point_for_analyses_and_for_programs(told: Any) -> None:
    assert told["tools"] == ["rank_trend"]
    assert told["functions"] == ["from pelagos_tools.ranks import rank_trend"]
    assert told["imported"] == []  # the process that asked never imported it
