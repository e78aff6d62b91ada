from __future__ import annotations

import os
import subprocess
import sys

from sandbox.host.owner import is_orphan, new_label


def test_labels_are_unique_and_belong_to_the_living() -> None:
    first, second = new_label(), new_label()
    assert first != second
    assert f"-{os.getpid()}-" in first
    assert not is_orphan(first)


def test_a_label_outlives_its_process() -> None:
    code = "from sandbox.host.owner import new_label; print(new_label())"
    label = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert is_orphan(label)
    assert not is_orphan(label.replace("pelagos", "somebody"))


def test_a_reused_pid_is_not_the_owner() -> None:
    prefix, space, pid, start, serial = new_label().split("-")
    assert is_orphan("-".join([prefix, space, pid, str(int(start) - 1), serial]))
