from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.errors import SandboxError
from sandbox.collect import collect_files, place_files, split_name


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY)
    yield handle
    os.close(handle)


def test_files_go_in_and_come_out_unchanged(folder: int, tmp_path: Path) -> None:
    files = {"a/b/c.bin": bytes(range(256)), "d": b""}
    place_files(folder, files, None)
    assert collect_files(folder, dict.fromkeys(files, 1000)) == (files, {})
    assert (tmp_path / "a" / "b" / "c.bin").stat().st_size == 256


def test_a_link_planted_on_the_way_is_not_followed(folder: int, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (tmp_path / "a").symlink_to(outside)
    with pytest.raises(SandboxError, match="can't be put"):
        place_files(folder, {"a/x": b"1"}, None)
    assert list(outside.iterdir()) == []


def test_descriptors_are_given_back(folder: int, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("link", "no/such", "link/x", "."):
        try:
            collect_files(folder, {name: 10})
        except SandboxError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


@given(st.text(max_size=30))
def test_a_name_stays_inside_or_is_refused(name: str) -> None:
    try:
        accepted = split_name(name)
    except SandboxError:
        return
    assert accepted and ".." not in accepted and not name.startswith("/")
    assert os.path.normpath(os.path.join("/w", *accepted)).startswith("/w/")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


PLANTED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "a pipe (FIFO)"),
    "a socket": (_socket, "a socket"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "a symbolic link"),
    "a link out": (lambda path: path.symlink_to("/etc/passwd"), "a symbolic link"),
    "a link to itself": (lambda path: path.symlink_to(path), "a symbolic link"),
    "a folder": (lambda path: path.mkdir(), "a folder"),
    "a terabyte": (_sparse, "sparse, 1099511627776 bytes"),
    "too much": (lambda path: path.write_bytes(bytes(1001)), "1001 bytes, more than its cap of 1000"),
}


@pytest.mark.parametrize(("make", "why"), PLANTED.values(), ids=PLANTED)
def test_what_is_no_plain_file_stays_and_blocks_nobody(
    make: Callable[[Path], object], why: str, folder: int, tmp_path: Path
) -> None:
    make(tmp_path / "out")
    for number in range(2_000):  # what else lies there is never looked at
        (tmp_path / os.fsdecode(b"caf\xe9%d" % number)).touch()
    files, refused = collect_files(folder, {"out": 1000, "out/x": 1000})
    assert files == {}
    assert why in refused["out"]
    assert refused["out/x"]


def test_a_file_that_grows_while_it_is_read_stays(folder: int, tmp_path: Path) -> None:
    stop, path = threading.Event(), tmp_path / "out"
    path.write_bytes(b"")

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            for _ in range(256):
                if not stop.is_set():
                    file.write(bytes(1 << 16))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        for cap in (1, 1 << 20, 4 << 20):
            files, refused = collect_files(folder, {"out": cap})
            assert len(files.get("out", b"")) <= cap
            assert files or "cap" in refused["out"]
    finally:
        stop.set()
        writer.join()
