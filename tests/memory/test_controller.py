"""One controller per run, and its lock dies with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memory.controller import controller_of, hold_controller
from pelagos.errors import BadInput

CHILD = """
import sys, time
from memory.controller import hold_controller
with hold_controller(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_controller_is_told_who_holds_it_until_that_one_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert controller_of(tmp_path) == child.pid
        with pytest.raises(BadInput, match=f"process {child.pid} already drives this run"), hold_controller(tmp_path):
            pass
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert controller_of(tmp_path) is None
    with hold_controller(tmp_path):
        assert controller_of(tmp_path) == os.getpid()
    assert controller_of(tmp_path) is None


def test_nobody_drives_what_never_ran(tmp_path: Path) -> None:
    assert controller_of(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
