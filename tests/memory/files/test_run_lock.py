"""A run has one controller, the lock ends with its process, and asking for the controller blocks nobody."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memory.files.run_lock import hold_controller, lock_holder
from pelagos.errors import BadInput
from tests.disks import read_only_disk

CHILD = """
import sys, time
from memory.files.run_lock import hold_controller
with hold_controller(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_controller_is_told_who_holds_it_until_that_one_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert lock_holder(tmp_path) == child.pid
        with pytest.raises(BadInput, match=f"process {child.pid} already drives this run"), hold_controller(tmp_path):
            pass
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert lock_holder(tmp_path) is None
    with hold_controller(tmp_path):
        assert lock_holder(tmp_path) == os.getpid()
    assert lock_holder(tmp_path) is None


def test_nobody_drives_what_never_ran(tmp_path: Path) -> None:
    assert lock_holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


POLLING = """
import sys
from memory.files.run_lock import lock_holder
print("polls", flush=True)
while True:
    lock_holder(sys.argv[1])
"""


def test_who_asks_for_the_controller_never_keeps_a_start_from_the_lock(tmp_path: Path) -> None:
    """Also where a killed one left its pid, so that each question looks at the lock."""
    (tmp_path / "controller.pid").write_text("1\n")
    readers = [
        subprocess.Popen([sys.executable, "-c", POLLING, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == b"polls\n"
        for _ in range(500):
            with hold_controller(tmp_path):
                pass
            (tmp_path / "controller.pid").write_text("1\n")
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def test_a_stale_pid_is_nobody(tmp_path: Path) -> None:
    for text in (f"{os.getpid()}\n", "", "nonsense", "1 elsewhere pid:[1]\n"):
        (tmp_path / "controller.pid").write_text(text)
        assert lock_holder(tmp_path) is None
        (tmp_path / "controller.lock").touch()
        assert lock_holder(tmp_path) is None
        with hold_controller(tmp_path):
            assert lock_holder(tmp_path) == os.getpid()


def test_another_machines_process_is_named_as_such_and_has_no_pid_here(tmp_path: Path) -> None:
    with hold_controller(tmp_path):
        (tmp_path / "controller.pid").write_text("17 elsewhere pid:[1]\n")
        assert lock_holder(tmp_path) == 0
        with pytest.raises(BadInput, match="process 17 of elsewhere already drives"), hold_controller(tmp_path):
            pass
        (tmp_path / "controller.pid").unlink()
        with pytest.raises(BadInput, match="process unknown already drives"), hold_controller(tmp_path):
            pass


def test_a_folder_that_can_only_be_read_is_told_from(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with read_only_disk(folder, ("controller.lock", "controller.pid")):
        assert lock_holder(folder) is None
        with pytest.raises(BadInput, match="can only be read: copy the run"), hold_controller(folder):
            pass


def test_a_disk_without_locks_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuses)
    with pytest.raises(BadInput, match=r"its disk has no locks \(No locks available\)"), hold_controller(tmp_path):
        pass
