"""Where a model's file is found: the user's path; the hub's cache or a hub download; the package index.

The first that has it wins, and which one it was is told with the licence, so that it can be stored. What lies on the
hub alone is got by `get`, that is when a person asks for it, and never by a run.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from agents.models.catalog import Entry, entry
from memory import weights
from memory.hub import shelf
from memory.hub.listing import SHA256_DIGITS
from pelagos.errors import BadInput, MissingPart
from pelagos.http_client import client

HUB_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Located:
    """A file that is there. `sha256` is empty where nobody has read the whole file yet."""

    path: Path
    source: str
    licence: str
    sha256: str = ""

    def payload(self) -> dict[str, str]:
        return {**asdict(self), "path": str(self.path)}

    def hashed(self) -> Located:
        """The same with its sha256; reads the whole file if it isn't known."""
        if self.sha256:
            return self
        with self.path.open("rb") as file:
            return replace(self, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def present(name: str) -> Located | None:
    """What is on this machine already, without any download: a file, or the folder of a model that vLLM serves.

    Raises BadInput for an unknown name.
    """
    if is_path(name):
        return Located(given(name), "a path the user gave", "not known to Pelagos")
    item = entry(name)
    if item.asset is None:
        kept = shelf.kept(item.name)
        return _shelved(item, kept) if kept else _hub_cached(item)
    cached = weights.cached(item.asset)
    return _hub_cached(item) or (_indexed(item.asset, cached) if cached else None)


def locate(name: str, progress: weights.Progress | None = None) -> Located:
    """The model's file as a run finds it, downloaded from where the package index has it.

    Raises BadInput for an unknown name, MissingPart if it can't be had; of what lies on the hub alone it says the
    command that gets it.
    """
    found = present(name)
    if found is not None:
        return found
    item = entry(name)
    if item.asset is None:
        raise absent(item)
    return _hub_download(item) or _indexed(item.asset, weights.fetch(item.asset, progress))


def get(name: str, progress: weights.Progress | None = None) -> Located:
    """The same, and what lies on the hub alone is downloaded from there. Raises BadInput and MissingPart."""
    item = None if is_path(name) else entry(name)
    if item is None or item.asset is not None or present(name) is not None:
        return locate(name, progress)
    return _shelved(item, shelf.get(item.name, item.repository, item.files, os.environ, progress))


def absent(item: Entry) -> MissingPart:
    """What is said of a model that isn't here and that a run doesn't download."""
    return MissingPart(f"model {item.name!r}: not on this machine: `pelagos models get {item.name}` gets it")


def is_path(name: str) -> bool:
    """Whether `name` means a file and not a catalog name."""
    return name.endswith(".gguf") or "/" in name


def given(name: str) -> Path:
    """The file the user named. Raises BadInput if there is none."""
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise BadInput(f"model {name!r}: no such file")
    return path


def _indexed(asset: weights.Asset, path: Path) -> Located:
    return Located(path, f"package index: {asset.origin}", asset.licence, asset.sha256)


def _shelved(item: Entry, kept: shelf.Kept) -> Located:
    source = f"model hub: {item.repository} at commit {kept.listing.commit} ({kept.host})"
    named = kept.listing.licence
    licence = f"{named}, named by the repository" if named else item.licence
    if item.engine == "vllm":
        return Located(kept.folder, source, licence)
    digest = kept.digest(item.file)
    return Located(kept.folder / item.file, source, licence, digest if len(digest) == SHA256_DIGITS else "")


def _hub(part: str = "") -> Any:
    """The hub's client or one of its modules; None where it isn't installed."""
    try:
        return importlib.import_module(f"huggingface_hub{part}")
    except ImportError:
        return None


def _hub_cached(item: Entry) -> Located | None:
    hub = _hub() if item.engine == "llama" else None
    found = hub.try_to_load_from_cache(item.repository, item.file) if hub else None
    return _from_hub(item, Path(found)) if isinstance(found, str) else None


def _hub_download(item: Entry) -> Located | None:
    """None where the hub doesn't answer, is switched off, or its client isn't installed: the next source is asked."""
    hub, constants = _hub(), _hub(".constants")
    if hub is None or constants.HF_HUB_OFFLINE or not _answers(constants.ENDPOINT):
        return None
    try:
        return _from_hub(item, Path(hub.hf_hub_download(item.repository, item.file)))
    except (httpx.HTTPError, _hub(".errors").LocalEntryNotFoundError, OSError):
        return None
    except (ImportError, ValueError, httpx.InvalidURL):  # the hub's own client and a proxy that it can't use
        return None


def _answers(endpoint: str) -> bool:
    try:
        with client(endpoint, timeout=HUB_PATIENCE_S, follow_redirects=True) as asking:
            return asking.head(endpoint).status_code < 500
    except (httpx.HTTPError, httpx.InvalidURL, MissingPart):
        return False


def _from_hub(item: Entry, path: Path) -> Located:
    return Located(path, f"model hub: {item.repository}", item.licence)
