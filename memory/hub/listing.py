"""What a repository of the hub holds: the hub's own answer, at the commit that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import httpx

from memory.hub.site import Hub, patiently
from pelagos.errors import MissingPart

LARGEST_ANSWER = 8_000_000
SHA256_DIGITS = 64
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository; size in bytes. `digest` is a sha256 (64 digits in hex) of a large file, and of a small
    one, which the hub keeps in Git, Git's own sha1 (40 digits)."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Listing:
    """`files` at `commit`; `licence` as the hub has it, empty where it says nothing."""

    repository: str
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]


def listing(hub: Hub, repository: str, wanted: Sequence[str]) -> Listing:
    """The top-level files of `repository` that match `wanted`, glob patterns. Raises MissingPart where one matches
    nothing, and for an answer that can't be read."""
    told = patiently(lambda: _asked(hub, repository))
    try:
        commit, siblings = str(told["sha"]), told["siblings"]
        named = [one for one in siblings if any(fnmatchcase(one["rfilename"], pattern) for pattern in wanted)]
        files = tuple(_file(one) for one in named if "/" not in one["rfilename"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _unreadable(hub, repository, f"{type(error).__name__} {error}") from None
    if not _COMMIT.fullmatch(commit):
        raise _unreadable(hub, repository, f"its commit is {commit[:50]!r}")
    for pattern in wanted:
        if not any(fnmatchcase(file.path, pattern) for file in files):
            raise MissingPart(f"{hub.model}: {repository} at the hub {hub.host} holds no {pattern} any more")
    return Listing(repository, commit, _licence(told), files)


def _asked(hub: Hub, repository: str) -> Any:
    with hub.get(f"/api/models/{repository}/revision/main?blobs=true", {}) as response:
        text = _text(hub, repository, response)
    try:
        return json.loads(text)
    except ValueError:
        raise _unreadable(hub, repository, f"no JSON, begins {text[:40]!r}") from None


def _text(hub: Hub, repository: str, response: httpx.Response) -> str:
    got = bytearray()
    for block in response.iter_bytes():
        got += block
        if len(got) > LARGEST_ANSWER:
            raise _unreadable(hub, repository, f"longer than {LARGEST_ANSWER} bytes")
    return got.decode("utf-8", "replace")


def _file(told: Any) -> RemoteFile:
    large = told.get("lfs")
    size, digest = (large["size"], large["sha256"]) if large else (told["size"], told["blobId"])
    good = isinstance(size, int) and size >= 0 and (_SHA256 if large else _COMMIT).fullmatch(digest)
    if not good:
        raise ValueError(f"of {told['rfilename']}: size {size!r}, digest {str(digest)[:70]!r}")
    return RemoteFile(told["rfilename"], size, digest)


def _licence(told: Any) -> str:
    card = told.get("cardData")
    found = card.get("license") if isinstance(card, dict) else None
    return " ".join(found.split())[:60] if isinstance(found, str) else ""


def _unreadable(hub: Hub, repository: str, why: str) -> MissingPart:
    said = re.sub(r"\s+", " ", why)
    return MissingPart(f"{hub.model}: the hub at {hub.host} answers for {repository} what can't be read: {said}")
