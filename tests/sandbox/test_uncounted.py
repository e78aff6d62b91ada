from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.uncounted import UNIX_BUFFER, Uncounted, locks, queued

NET = Path("/proc/self/net")


def mine(pid: int) -> bool:
    return pid == os.getpid()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[int]:
    """Takes 30 locks. Gives how many this process had before: a database that is open has some."""
    before = locks(mine, 10_000)
    with (tmp_path / "file").open("wb") as file:
        for start in range(0, 60, 2):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, start)
        yield before


def test_the_locks_of_a_tree_are_counted_and_no_others(locked: int) -> None:
    assert locks(mine, 10_000) == locked + 30
    assert locks(lambda pid: False, 1000) == 0


def test_too_many_are_said_at_the_next_look_only(locked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.uncounted.MOST_LOCKS", locked + 29)
    one = Uncounted(mine, os.getpid(), 1 << 40)
    assert [one.sample(100.0), one.sample(100.2), one.sample(100.3)] == ["locks", "", "locks"]


def test_what_waits_in_sockets_is_seen() -> None:
    before = queued(NET, 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = [socket.create_connection(listener.getsockname()) for _ in range(12)]
        for one in held:
            one.sendall(b"x" * 100_000)
        assert queued(NET, 0) >= before + 1_200_000
        assert Uncounted(lambda pid: False, os.getpid(), 1_000_000).sample(1.0) == "oom"
        for one in held:
            one.close()


def test_every_unix_socket_above_the_first_few_counts_with_what_it_may_hold() -> None:
    before = queued(NET, UNIX_BUFFER) - queued(NET, 0)
    pairs = [socket.socketpair() for _ in range(50)]
    assert queued(NET, UNIX_BUFFER) - queued(NET, 0) >= min(before, 0) + 36 * UNIX_BUFFER
    for pair in pairs:
        for one in pair:
            one.close()


def test_who_has_ended_holds_nothing() -> None:
    assert queued(Path("/proc/0/net"), UNIX_BUFFER) == 0
