"""One file from the hub: begun or gone on with, complete to the byte, and checked before it counts.

What has arrived stays in a `.part` file. A broken connection is taken up where it was, in this process or in a later
one; a server that ignores the range sends the file anew, and it is written anew.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote

import httpx

from memory.hub.listing import SHA256_DIGITS, Listing, RemoteFile
from memory.hub.site import Hub, Transient, patiently
from memory.weights import BLOCK, Progress
from pelagos.errors import MissingPart

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def fetch(hub: Hub, at: Listing, file: RemoteFile, part: Path, say: Progress) -> None:
    """Make `part` the whole `file`. `say` is told the bytes of it that are here.

    Raises MissingPart in one line, with what has arrived kept where that can be of use; OSError where it can't be
    written.
    """
    try:
        patiently(lambda: _go_on(hub, at, file, part, say), lambda: _size(part))
    except Transient as fault:
        kept = f"{_size(part):,} of {file.size:,} bytes of {file.path} are here"
        raise MissingPart(f"{fault}; {kept}, and `pelagos models get {hub.model}` goes on from there") from None
    if not _matches(part, file, say):
        part.unlink()
        raise MissingPart(
            f"{_named(hub, file)}: what was served has not the hash that the hub lists, and was thrown away: "
            f"`pelagos models get {hub.model}` gets it anew"
        )


def _go_on(hub: Hub, at: Listing, file: RemoteFile, part: Path, say: Progress) -> None:
    done = _size(part)
    if done == file.size and part.exists():
        return
    headers = {"Range": f"bytes={done}-"} if 0 < done < file.size else {}
    with hub.get(f"/{at.repository}/resolve/{at.commit}/{quote(file.path)}", headers) as response:
        start = _start(hub, response, file, done if headers else 0, part)
        reached = _write(hub, response, file, part, start, say)
    if reached < file.size:
        raise Transient(f"{_named(hub, file)}: the connection ended too early")


def _start(hub: Hub, response: httpx.Response, file: RemoteFile, asked: int, part: Path) -> int:
    """The place in the file at which the body begins."""
    if response.status_code == 416:
        part.unlink(missing_ok=True)
        raise Transient(f"{_named(hub, file)}: the hub refuses to go on at byte {asked:,}; it is got anew", 0.0)
    if response.status_code == 200:
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length) != file.size and "content-encoding" not in response.headers:
            raise MissingPart(f"{_named(hub, file)}: {int(length):,} bytes are served, the hub lists {file.size:,}")
        return 0
    told = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if told is None or int(told[1]) != asked or told[2] not in ("*", str(file.size)):
        said = response.headers.get("content-range", "no range")[:60]
        raise MissingPart(f"{_named(hub, file)}: asked for bytes {asked:,} to {file.size:,}, got {said!r}")
    return asked


def _write(hub: Hub, response: httpx.Response, file: RemoteFile, part: Path, start: int, say: Progress) -> int:
    """Write the body into `part` from `start` on; returns how far it came."""
    reached = start
    with part.open("r+b" if part.exists() else "w+b") as sink:
        sink.truncate(start)
        sink.seek(start)
        for block in response.iter_bytes():
            reached += len(block)
            if reached > file.size:
                sink.truncate(0)
                raise MissingPart(f"{_named(hub, file)}: more than the {file.size:,} bytes that the hub lists are sent")
            sink.write(block)
            say("download", reached, file.size)
        sink.flush()
        os.fsync(sink.fileno())
    return reached


def _matches(part: Path, file: RemoteFile, say: Progress) -> bool:
    """Whether the file has the listed digest: sha256, or of a small file Git's sha1 of a blob."""
    large = len(file.digest) == SHA256_DIGITS
    digest = hashlib.sha256() if large else hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    done = 0
    with part.open("rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
            done += len(block)
            say("check", done, file.size)
    return digest.hexdigest() == file.digest


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _named(hub: Hub, file: RemoteFile) -> str:
    return f"{hub.model}: {file.path}"
