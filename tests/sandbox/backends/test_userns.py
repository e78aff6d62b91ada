"""The backend without root: a user namespace. It runs as another user where the tests run as root."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

import pelagos

PYTHON = "/usr/bin/python3"
PROGRAM = """
import json
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.canary.canary import canary
from sandbox.protocol import Limits, Spec
box = Bubblewrap(cgroups=False)
found = canary(box)
limits = Limits(seconds=2, memory_mb=200, pids=30, disk_mb=20)
codes = {
    "ok": "open('out', 'w').write('x')",
    "disk": "while 1: open('out', 'ab').write(bytes(10**6))",
    "pids": "import os, time\\ntry:\\n  for i in range(500):\\n    if not os.fork(): time.sleep(60)\\nfinally: time.sleep(.5)",
    "oom": "b = []\\nwhile 1: b.append(bytearray(10**6))",
    "timeout": "import os, time; os.fork(); os.setsid(); time.sleep(100)",
    "error": "open('/proc/sys/kernel/core_pattern', 'w')",
    "killed": "import os; os.kill(os.getpid(), 9)",
}
kinds = {name: box.run(Spec(["python", "-c", code], limits=limits)).kind for name, code in codes.items()}
print(json.dumps([found.works, found.reason, found.isolation, kinds]))
"""


AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="the other tests run in this form already when they aren't root's"
)


def as_user(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the system's Python, with our packages, as an ordinary user in the project's folder."""
    root = Path(pelagos.__file__).resolve().parents[1]
    path = os.pathsep.join([str(root), sysconfig.get_path("purelib")])
    clean = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **env}
    user = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
    return subprocess.run([*user, PYTHON, *words], env=clean, cwd=root, capture_output=True, text=True)


@AS_ROOT
def test_it_holds_without_root() -> None:
    if not Path(PYTHON).exists() or as_user("-c", "import pelagos.nouns").returncode:
        pytest.skip(f"{PYTHON} can't import Pelagos as another user with the packages of {sys.prefix}")
    done = as_user("-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    works, reason, isolation, kinds = json.loads(done.stdout.splitlines()[-1])
    if "namespace" in reason or "uid map" in reason:
        pytest.skip(f"user name spaces are closed on this machine: {reason}")
    assert works, reason
    assert "userns" in isolation
    assert {name: kind for name, kind in kinds.items() if name != kind} == {}


@AS_ROOT
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_escapes_without_root() -> None:
    if not Path(PYTHON).exists() or as_user("-c", "import pytest, numpy, pelagos.nouns").returncode:
        pytest.skip(f"{PYTHON} can't import the tests' packages as another user from {sys.prefix}")
    with tempfile.TemporaryDirectory(prefix="userns-") as folder:
        os.chown(folder, 1000, 1000)
        # The jail shows this Python alone, which may lack numpy: the predictions are left to the other form.
        which = ["-m", "slow or not slow", "-k", "bubblewrap-rlimit and not predictions"]
        suite = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sandbox/test_escapes.py", *which]
        done = as_user(*suite, TMPDIR=folder)
    if "doesn't stand on this machine" in done.stdout:
        pytest.skip("user name spaces are closed on this machine")
    assert done.returncode == 0, done.stdout[-5000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 75  # type: ignore[index]
