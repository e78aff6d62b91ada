from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.errors import SandboxError
from sandbox.collect import collect, parts, place


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY)
    yield handle
    os.close(handle)


def test_files_go_in_and_come_out_unchanged(folder: int, tmp_path: Path) -> None:
    files = {"a/b/c.bin": bytes(range(256)), "d": b""}
    place(folder, files, None)
    assert collect(folder, dict.fromkeys(files, 1000)) == (files, {})
    assert (tmp_path / "a" / "b" / "c.bin").stat().st_size == 256


def test_a_link_planted_on_the_way_is_not_followed(folder: int, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (tmp_path / "a").symlink_to(outside)
    with pytest.raises(SandboxError, match="can't be put"):
        place(folder, {"a/x": b"1"}, None)
    assert list(outside.iterdir()) == []


def test_descriptors_are_given_back(folder: int, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("link", "no/such", "link/x", "."):
        try:
            collect(folder, {name: 10})
        except SandboxError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


@given(st.text(max_size=30))
def test_a_name_stays_inside_or_is_refused(name: str) -> None:
    try:
        accepted = parts(name)
    except SandboxError:
        return
    assert accepted and ".." not in accepted and not name.startswith("/")
    assert os.path.normpath(os.path.join("/w", *accepted)).startswith("/w/")
