"""The form without root: a user name space. Run for real as another user where the tests themselves run as root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import pelagos

PYTHON = "/usr/bin/python3"
PROGRAM = """
import json
from sandbox.bubblewrap import Bubblewrap
from sandbox.canary import canary
from sandbox.protocol import Limits, Spec
box = Bubblewrap(cgroups=False)
found = canary(box)
limits = Limits(seconds=1.5, memory_mb=200, pids=30, disk_mb=20)
codes = {
    "ok": "open('out', 'w').write('x')",
    "disk": "while 1: open('out', 'ab').write(bytes(10**6))",
    "pids": "import os, time\\nfor i in range(500):\\n  if not os.fork(): time.sleep(60)",
    "oom": "b = []\\nwhile 1: b.append(bytearray(10**6))",
    "timeout": "import os, time; os.fork(); os.setsid(); time.sleep(100)",
    "error": "open('/proc/sys/kernel/core_pattern', 'w')",
}
kinds = {name: box.run(Spec(["python", "-c", code], limits=limits)).kind for name, code in codes.items()}
print(json.dumps([found.works, found.reason, found.isolation, kinds]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run in this form already when they aren't root's")
def test_it_holds_without_root() -> None:
    root = Path(pelagos.__file__).resolve().parents[1]
    path = os.pathsep.join([str(root), sysconfig.get_path("purelib")])
    user = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*user, PYTHON, "-c", code], env=env, cwd="/", capture_output=True, text=True)

    if not Path(PYTHON).exists() or run("import pelagos.nouns").returncode:
        pytest.skip(f"{PYTHON} can't import Pelagos as another user with the packages of {sys.prefix}")
    done = run(PROGRAM)
    assert done.returncode == 0, done.stderr
    works, reason, isolation, kinds = json.loads(done.stdout.splitlines()[-1])
    if "namespace" in reason or "uid map" in reason:
        pytest.skip(f"user name spaces are closed on this machine: {reason}")
    assert works, reason
    assert "userns" in isolation
    assert {name: kind for name, kind in kinds.items() if name != kind} == {}
