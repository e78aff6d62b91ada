"""Artifacts are returned byte for byte, and a changed one is detected."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.artifacts import ArtifactStore
from pelagos.errors import DamagedRun, DiskFull
from pelagos.visible import replace_surrogates


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_any_text_comes_back(store: ArtifactStore, text: str) -> None:
    """Half a character comes back as U+FFFD: no file may hold it."""
    assert ascii(store.text(store.put_text(text))) == ascii(replace_surrogates(text))


def test_equal_values_have_equal_hashes(store: ArtifactStore) -> None:
    assert store.put_json({"b": [1, None], "a": 2.5}) == store.put_json({"a": 2.5, "b": [1, None]})
    assert store.json(store.put_json({"a": 2.5, "b": [1, None]})) == {"a": 2.5, "b": [1, None]}


def test_corruption_is_noticed_and_mended_by_putting_again(store: ArtifactStore) -> None:
    digest = store.put(b"the log")
    store.path(digest).write_bytes(b"the lag")
    with pytest.raises(DamagedRun, match="no longer match"):
        store.get(digest)
    assert store.put(b"the log") == digest
    assert store.get(digest) == b"the log"


@pytest.mark.parametrize("bad", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_a_name_that_is_no_hash_is_refused(store: ArtifactStore, bad: str) -> None:
    with pytest.raises(DamagedRun, match="not a sha256"):
        store.get(bad)


def test_a_missing_artifact_is_said(store: ArtifactStore) -> None:
    with pytest.raises(DamagedRun, match="missing"):
        store.get("0" * 64)


def test_a_full_disk_is_said_and_leaves_no_half_file(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="disk"):
        store.put(b"x" * 10_000)
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_halves_of_characters_are_replaced_at_both_ends(store: ArtifactStore) -> None:
    assert store.text(store.put_text("caf\udce9")) == "caf\ufffd"
    for kept in (b"caf\xe9", "caf\ud800".encode("utf-8", "surrogatepass")):
        store.text(store.put(kept)).encode()
    assert store.json(store.put(b'["\\ud800"]')) == ["\ufffd"]
