from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.limits.kernel_memory import UNIX_BUFFER_BYTES, KernelMemoryMeter, count_locks, queued_bytes

NET = Path("/proc/self/net")


HOLDS_LOCKS = """
import fcntl, sys
file = open(sys.argv[1], "wb")
for start in range(0, 60, 2):
    fcntl.lockf(file, fcntl.LOCK_EX, 1, start)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Callable[[int], bool]]:
    """A child process that holds 30 locks and no others: this one has databases open, which come and go."""
    command = [sys.executable, "-c", HOLDS_LOCKS, str(tmp_path / "file")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        yield lambda pid: pid == child.pid
        child.communicate()


def test_the_locks_of_a_tree_are_counted_and_no_others(member: Callable[[int], bool]) -> None:
    assert count_locks(member, 10_000) == 30
    assert count_locks(lambda pid: False, 1000) == 0


def test_too_many_are_said_at_the_next_look_only(
    member: Callable[[int], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.limits.kernel_memory.MAX_LOCKS", 29)
    one = KernelMemoryMeter(member, os.getpid(), 1 << 40)
    assert [one.sample(100.0), one.sample(100.2), one.sample(100.3)] == ["locks", "", "locks"]


def test_what_waits_in_sockets_is_seen() -> None:
    before = queued_bytes(NET, 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = [socket.create_connection(listener.getsockname()) for _ in range(12)]
        for one in held:
            one.sendall(b"x" * 100_000)
        assert queued_bytes(NET, 0) >= before + 1_200_000
        assert KernelMemoryMeter(lambda pid: False, os.getpid(), 1_000_000).sample(1.0) == "oom"
        for one in held:
            one.close()


def test_every_unix_socket_above_the_first_few_counts_with_what_it_may_hold() -> None:
    before = queued_bytes(NET, UNIX_BUFFER_BYTES) - queued_bytes(NET, 0)
    pairs = [socket.socketpair() for _ in range(50)]
    assert queued_bytes(NET, UNIX_BUFFER_BYTES) - queued_bytes(NET, 0) >= min(before, 0) + 36 * UNIX_BUFFER_BYTES
    for pair in pairs:
        for one in pair:
            one.close()


def test_who_has_ended_holds_nothing() -> None:
    assert queued_bytes(Path("/proc/0/net"), UNIX_BUFFER_BYTES) == 0
