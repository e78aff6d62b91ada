"""Stores models of the hub in the user's cache, each in a folder of its own, either complete and checked or not at
all.

`whole.json` is written when every file is checked and in place; without it, nothing in the folder counts.
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

from memory.weights.hub.connection import Hub
from memory.weights.hub.listing import Listing, RemoteFile, list_repository
from memory.weights.hub.transfer import download_file
from memory.weights.package_index import Progress, cache_folder
from pelagos.disk_space import NO_SPACE_ERRNOS
from pelagos.errors import MissingPart

COMPLETE_MARK = "whole.json"
PARTS = "parts"
SPARE_BYTES = 1 << 20


@dataclass(frozen=True)
class StoredModel:
    """A model in the cache: its files are in `folder`. `host` is the hub it came from."""

    folder: Path
    host: str
    listing: Listing

    def digest(self, name: str) -> str:
        """Return the checked digest of one of its files; empty for another name."""
        return next((file.digest for file in self.listing.files if file.path == name), "")


def find_stored(model: str) -> StoredModel | None:
    """Return the model if all its files are in the cache (they were checked when they were stored). Makes no
    requests."""
    try:
        mark = json.loads((model_folder(model) / COMPLETE_MARK).read_text("utf-8"))
        files = tuple(RemoteFile(**file) for file in mark["listing"].pop("files"))
        stored = StoredModel(
            model_folder(model) / mark["listing"]["commit"], mark["host"], Listing(**mark["listing"], files=files)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    complete = all(_is_complete(stored.folder / file.path, file.size) for file in files)
    return stored if complete else None


def download_model(
    model: str, repository: str, wanted: Sequence[str], env: Mapping[str, str], progress: Progress | None = None
) -> StoredModel:
    """Return the model's files, downloaded where needed: those of `repository` that match the patterns `wanted`.

    `progress(stage, done, total)` counts bytes of all files. Raises MissingPart in one line; what was downloaded by
    then is kept, and the next call continues from there.
    """
    root = model_folder(model)
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / "get.lock"), closing(Hub(model, env)) as hub:
        stored = find_stored(model)
        if stored is not None:
            return stored
        remote = list_repository(hub, repository, wanted)
        try:
            _download(hub, remote, root, progress or _ignore_progress)
            _write_mark(root, StoredModel(root / remote.commit, hub.host, remote))
        except OSError as error:
            if error.errno in NO_SPACE_ERRNOS:
                raise _disk_full(model, root, _missing_bytes(remote, root)) from None
            raise MissingPart(f"{model}: can't be stored under {root}: {error.strerror or error}") from None
        _remove_old(root, remote.commit)
    return StoredModel(root / remote.commit, hub.host, remote)


def model_folder(model: str) -> Path:
    """Return the folder of a model in the user's cache."""
    return cache_folder() / "weights" / "hub" / model


def _download(hub: Hub, remote: Listing, root: Path, progress: Progress) -> None:
    folder, parts = root / remote.commit, root / PARTS
    folder.mkdir(exist_ok=True)
    parts.mkdir(exist_ok=True)
    if _missing_bytes(remote, root) + SPARE_BYTES > shutil.disk_usage(root).free:
        raise _disk_full(hub.model, root, _missing_bytes(remote, root))
    total, before = sum(file.size for file in remote.files), 0
    for file in remote.files:

        def report(stage: str, done: int, _size: int, before: int = before) -> None:
            progress(stage, before + done, total)

        if not _is_complete(folder / file.path, file.size):
            download_file(hub, remote, file, _part_file(root, file), report)
            _part_file(root, file).replace(folder / file.path)
        before += file.size


def _part_file(root: Path, file: RemoteFile) -> Path:
    """Return the path of a file during its download. It is named by its content, so the download continues although
    the hub has a new commit."""
    return root / PARTS / f"{file.digest}.part"


def _is_complete(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _missing_bytes(remote: Listing, root: Path) -> int:
    """Return the number of bytes still to download."""
    incomplete = [file for file in remote.files if not _is_complete(root / remote.commit / file.path, file.size)]
    parts = ((_part_file(root, file), file.size) for file in incomplete)
    return sum(max(size - (part.stat().st_size if part.exists() else 0), 0) for part, size in parts)


def _write_mark(root: Path, model: StoredModel) -> None:
    unfinished = root / f"{COMPLETE_MARK}.half"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump({"host": model.host, "listing": asdict(model.listing)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(root / COMPLETE_MARK)


def _remove_old(root: Path, commit: str) -> None:
    """Remove parts, and files of earlier commits."""
    for path in root.iterdir():
        if path.is_dir() and path.name != commit:
            shutil.rmtree(path)


def _disk_full(model: str, root: Path, missing: int) -> MissingPart:
    free = shutil.disk_usage(root).free
    return MissingPart(
        f"{model}: no room at {root}: {_format_size(missing)} are to come, {_format_size(free)} are free: make room, "
        f"or name another place with XDG_CACHE_HOME; `pelagos models get {model}` goes on"
    )


def _format_size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _ignore_progress(_stage: str, _done: int, _total: int) -> None:
    return None
