"""Models of the hub in the user's cache: each in a folder of its own, whole and checked or not there at all.

`whole.json` is written when every file is checked and in its place; without it, nothing in the folder counts.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from memory.faults import FULL
from memory.hub.listing import Listing, RemoteFile, listing
from memory.hub.site import Hub
from memory.hub.transfer import fetch
from memory.weights import Progress, cache_folder
from pelagos.errors import MissingPart

WHOLE = "whole.json"
PARTS = "parts"
SPARE = 1 << 20


@dataclass(frozen=True)
class Kept:
    """A model that is here: its files lie in `folder`. `host` is the hub it came from."""

    folder: Path
    host: str
    listing: Listing

    def digest(self, name: str) -> str:
        """The checked digest of one of its files; empty for another name."""
        return next((file.digest for file in self.listing.files if file.path == name), "")


def kept(model: str) -> Kept | None:
    """The model if every one of its files is here (they were checked when they got here). Asks nobody."""
    try:
        told = json.loads((place(model) / WHOLE).read_text("utf-8"))
        files = tuple(RemoteFile(**one) for one in told["listing"].pop("files"))
        found = Kept(place(model) / told["listing"]["commit"], told["host"], Listing(**told["listing"], files=files))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    there = all(_has(found.folder / file.path, file.size) for file in files)
    return found if there else None


def get(
    model: str, repository: str, wanted: Sequence[str], env: Mapping[str, str], progress: Progress | None = None
) -> Kept:
    """The model's files, downloaded if need be: those of `repository` that match the patterns `wanted`.

    `progress(stage, done, total)` counts bytes of all files. Raises MissingPart in one line; what has arrived by then
    is kept, and the next call goes on from there.
    """
    root = place(model)
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / "get.lock"), closing(Hub(model, env)) as hub:
        found = kept(model)
        if found is not None:
            return found
        at = listing(hub, repository, wanted)
        try:
            _download(hub, at, root, progress or _silent)
            _note(root, Kept(root / at.commit, hub.host, at))
        except OSError as error:
            if error.errno in FULL:
                raise _no_room(model, root, _missing(at, root)) from None
            raise MissingPart(f"{model}: can't be stored under {root}: {error.strerror or error}") from None
        _tidy(root, at.commit)
    return Kept(root / at.commit, hub.host, at)


def place(model: str) -> Path:
    """The folder of a model in the user's cache."""
    return cache_folder() / "weights" / "hub" / model


def _download(hub: Hub, at: Listing, root: Path, progress: Progress) -> None:
    folder, parts = root / at.commit, root / PARTS
    folder.mkdir(exist_ok=True)
    parts.mkdir(exist_ok=True)
    if _missing(at, root) + SPARE > shutil.disk_usage(root).free:
        raise _no_room(hub.model, root, _missing(at, root))
    total, before = sum(file.size for file in at.files), 0
    for file in at.files:

        def say(stage: str, done: int, _size: int, before: int = before) -> None:
            progress(stage, before + done, total)

        if not _has(folder / file.path, file.size):
            fetch(hub, at, file, _part(root, file), say)
            _part(root, file).replace(folder / file.path)
        before += file.size


def _part(root: Path, file: RemoteFile) -> Path:
    """Where a file grows. It is named by its content, so that it is gone on with after the hub has a new commit."""
    return root / PARTS / f"{file.digest}.part"


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _missing(at: Listing, root: Path) -> int:
    """Bytes that are still to come."""
    coming = [file for file in at.files if not _has(root / at.commit / file.path, file.size)]
    parts = ((_part(root, file), file.size) for file in coming)
    return sum(max(size - (part.stat().st_size if part.exists() else 0), 0) for part, size in parts)


def _note(root: Path, found: Kept) -> None:
    half = root / f"{WHOLE}.half"
    with half.open("w", encoding="utf-8") as sink:
        json.dump({"host": found.host, "listing": asdict(found.listing)}, sink, indent=1)
        sink.flush()
        os.fsync(sink.fileno())
    half.replace(root / WHOLE)


def _tidy(root: Path, commit: str) -> None:
    """Remove parts, and files of earlier commits."""
    for path in root.iterdir():
        if path.is_dir() and path.name != commit:
            shutil.rmtree(path)


def _no_room(model: str, root: Path, missing: int) -> MissingPart:
    free = shutil.disk_usage(root).free
    return MissingPart(
        f"{model}: no room at {root}: {_amount(missing)} are to come, {_amount(free)} are free: make room, or name "
        f"another place with XDG_CACHE_HOME; `pelagos models get {model}` goes on"
    )


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _silent(_stage: str, _done: int, _total: int) -> None:
    return None
