"""Where a model's file is found: the user's path; the hub's cache or a hub download; the package index.

The first that has it wins, and which one it was is told with the licence, so that it can be stored.
"""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from agents.http_client import client
from agents.models.catalog import Entry, entry
from memory import weights
from pelagos.errors import BadInput, MissingPart

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
    """What is on this machine already, without any download. Raises BadInput for an unknown name."""
    if is_path(name):
        return Located(given(name), "a path the user gave", "not known to Pelagos")
    item = entry(name)
    cached = weights.cached(item.asset)
    return _hub_cached(item) or (_indexed(item, cached) if cached else None)


def locate(name: str, progress: weights.Progress | None = None) -> Located:
    """The model's file, downloaded if need be. Raises BadInput for an unknown name, MissingPart if it can't be had."""
    found = present(name)
    if found is not None:
        return found
    item = entry(name)
    return _hub_download(item) or _indexed(item, weights.fetch(item.asset, progress))


def is_path(name: str) -> bool:
    """Whether `name` means a file and not a catalog name."""
    return name.endswith(".gguf") or "/" in name


def given(name: str) -> Path:
    """The file the user named. Raises BadInput if there is none."""
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise BadInput(f"model {name!r}: no such file")
    return path


def _indexed(item: Entry, path: Path) -> Located:
    return Located(path, f"package index: {item.asset.origin}", item.asset.licence, item.asset.sha256)


def _hub(part: str = "") -> Any:
    """The hub's client or one of its modules; None where it isn't installed."""
    try:
        return importlib.import_module(f"huggingface_hub{part}")
    except ImportError:
        return None


def _hub_cached(item: Entry) -> Located | None:
    hub = _hub()
    found = hub.try_to_load_from_cache(*item.hub) if hub else None
    return _from_hub(item, Path(found)) if isinstance(found, str) else None


def _hub_download(item: Entry) -> Located | None:
    """None where the hub doesn't answer, is switched off, or its client isn't installed: the next source is asked."""
    hub, constants = _hub(), _hub(".constants")
    if hub is None or constants.HF_HUB_OFFLINE or not _answers(constants.ENDPOINT):
        return None
    try:
        return _from_hub(item, Path(hub.hf_hub_download(*item.hub)))
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
    return Located(path, f"model hub: {item.hub[0]}", item.asset.licence)
