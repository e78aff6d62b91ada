"""The set-up script: one line per part, no word of a package manager unless a part fails. Nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "setup"
PYTHON = """#!/bin/sh
mkdir -p .venv/bin && ln -sf "$0" .venv/bin/python && cp "$PIP" .venv/bin/pip
"""
PIP = """#!/bin/sh
echo "WARNING: Running pip as the 'root' user can result in broken permissions" >&2
case "$*" in *"$BREAKS"*) echo "ERROR: no matching distribution found" >&2; exit 1;; esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts" / "setup")
    for name, text in (("python", PYTHON), ("pip", PIP), ("bwrap", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def setup(folder: Path, breaks: str = "nothing", python: str = "python") -> subprocess.CompletedProcess[str]:
    places = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHON": str(folder / python), "PIP": str(folder / "pip")}
    env = {**os.environ, **places, "BREAKS": breaks}
    return subprocess.run([folder / "scripts" / "setup"], env=env, capture_output=True, text=True, timeout=60)


def test_each_part_has_one_line_and_warnings_go_to_the_log(folder: Path) -> None:
    done = setup(folder)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "environment",
        "torch",
        "packages",
        "bubblewrap",
    ]
    assert all(" done in " in line for line in done.stdout.splitlines())
    assert "WARNING" not in done.stdout + done.stderr
    assert "WARNING" in (folder / ".venv" / "setup.log").read_text()
    assert (folder / ".venv" / ".ready").exists()


def test_a_failing_part_fails_the_set_up_with_its_name_and_the_log(folder: Path) -> None:
    done = setup(folder, breaks="constraints.txt")
    assert done.returncode == 1
    assert 'the part "packages" failed; the last lines of .venv/setup.log are:' in done.stderr
    assert "ERROR: no matching distribution found" in done.stderr
    assert "bubblewrap" not in done.stdout
    assert not (folder / ".venv" / ".ready").exists()


def test_a_python_that_is_not_there_fails_the_first_part(folder: Path) -> None:
    done = setup(folder, python="absent")
    assert done.returncode == 1
    assert 'the part "environment" failed' in done.stderr
    assert "absent" in done.stderr
