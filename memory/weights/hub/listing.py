"""Lists the files of a repository of the hub at the commit that the hub names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import httpx

from memory.weights.hub.connection import Hub, retry_transient
from pelagos.errors import MissingPart

ANSWER_BYTES = 8_000_000
SHA256_DIGITS = 64
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository; size in bytes. `digest` is the sha256 (64 hex digits) of a large file; a small file is
    stored in Git, and its `digest` is Git's sha1 (40 hex digits)."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Listing:
    """`files` at `commit`; `licence` as the hub states it, empty where it states none."""

    repository: str
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]


def list_repository(hub: Hub, repository: str, wanted: Sequence[str]) -> Listing:
    """Return the top-level files of `repository` that match `wanted`, glob patterns. Raises MissingPart where a
    pattern matches nothing, and where the answer can't be read."""
    answer = retry_transient(lambda: _fetch_listing(hub, repository))
    try:
        commit, siblings = str(answer["sha"]), answer["siblings"]
        matching = [
            sibling for sibling in siblings if any(fnmatchcase(sibling["rfilename"], pattern) for pattern in wanted)
        ]
        files = tuple(_parse_file(sibling) for sibling in matching if "/" not in sibling["rfilename"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _unreadable(hub, repository, f"{type(error).__name__} {error}") from None
    if not _COMMIT.fullmatch(commit):
        raise _unreadable(hub, repository, f"its commit is {commit[:50]!r}")
    for pattern in wanted:
        if not any(fnmatchcase(file.path, pattern) for file in files):
            raise MissingPart(f"{hub.model}: {repository} at the hub {hub.host} holds no {pattern} any more")
    return Listing(repository, commit, _parse_licence(answer), files)


def _fetch_listing(hub: Hub, repository: str) -> Any:
    with hub.get(f"/api/models/{repository}/revision/main?blobs=true", {}) as response:
        text = _read_text(hub, repository, response)
    try:
        return json.loads(text)
    except ValueError:
        raise _unreadable(hub, repository, f"no JSON, begins {text[:40]!r}") from None


def _read_text(hub: Hub, repository: str, response: httpx.Response) -> str:
    content = bytearray()
    for block in response.iter_bytes():
        content += block
        if len(content) > ANSWER_BYTES:
            raise _unreadable(hub, repository, f"longer than {ANSWER_BYTES} bytes")
    return content.decode("utf-8", "replace")


def _parse_file(sibling: Any) -> RemoteFile:
    large = sibling.get("lfs")
    size, digest = (large["size"], large["sha256"]) if large else (sibling["size"], sibling["blobId"])
    valid = isinstance(size, int) and size >= 0 and (_SHA256 if large else _COMMIT).fullmatch(digest)
    if not valid:
        raise ValueError(f"of {sibling['rfilename']}: size {size!r}, digest {str(digest)[:70]!r}")
    return RemoteFile(sibling["rfilename"], size, digest)


def _parse_licence(answer: Any) -> str:
    card = answer.get("cardData")
    licence = card.get("license") if isinstance(card, dict) else None
    return " ".join(licence.split())[:60] if isinstance(licence, str) else ""


def _unreadable(hub: Hub, repository: str, why: str) -> MissingPart:
    reason = re.sub(r"\s+", " ", why)
    return MissingPart(f"{hub.model}: the hub at {hub.host} answers for {repository} what can't be read: {reason}")
