"""Downloads one file from the hub: started or continued, complete to the byte, and checked before it counts.

Downloaded bytes stay in a `.part` file. An interrupted download continues from there, in this process or a later one;
where a server ignores the range and sends the whole file, it is written from the beginning.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote

import httpx

from memory.weights.hub.connection import Hub, Transient, retry_transient
from memory.weights.hub.listing import SHA256_DIGITS, Listing, RemoteFile
from memory.weights.package_index import BLOCK_BYTES, Progress
from pelagos.errors import MissingPart

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def download_file(hub: Hub, remote: Listing, file: RemoteFile, part: Path, report: Progress) -> None:
    """Make `part` the complete `file`. `report` gets the number of its bytes downloaded so far.

    Raises MissingPart (one line), and keeps the downloaded bytes where they can be used later; OSError where the file
    can't be written.
    """
    try:
        retry_transient(lambda: _continue(hub, remote, file, part, report), lambda: _size(part))
    except Transient as error:
        progress = f"{_size(part):,} of {file.size:,} bytes of {file.path} are here"
        raise MissingPart(f"{error}; {progress}, and `pelagos models get {hub.model}` goes on from there") from None
    if not _matches(part, file, report):
        part.unlink()
        raise MissingPart(
            f"{_file_label(hub, file)}: what was served has not the hash that the hub lists, and was thrown away: "
            f"`pelagos models get {hub.model}` gets it anew"
        )


def _continue(hub: Hub, remote: Listing, file: RemoteFile, part: Path, report: Progress) -> None:
    done = _size(part)
    if done == file.size and part.exists():
        return
    headers = {"Range": f"bytes={done}-"} if 0 < done < file.size else {}
    with hub.get(f"/{remote.repository}/resolve/{remote.commit}/{quote(file.path)}", headers) as response:
        start = _body_start(hub, response, file, done if headers else 0, part)
        reached = _write_body(hub, response, file, part, start, report)
    if reached < file.size:
        raise Transient(f"{_file_label(hub, file)}: the connection ended too early")


def _body_start(hub: Hub, response: httpx.Response, file: RemoteFile, asked: int, part: Path) -> int:
    """Return the position in the file at which the body begins."""
    if response.status_code == 416:
        part.unlink(missing_ok=True)
        raise Transient(f"{_file_label(hub, file)}: the hub refuses to go on at byte {asked:,}; it is got anew", 0.0)
    if response.status_code == 200:
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length) != file.size and "content-encoding" not in response.headers:
            raise MissingPart(
                f"{_file_label(hub, file)}: {int(length):,} bytes are served, the hub lists {file.size:,}"
            )
        return 0
    content_range = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if content_range is None or int(content_range[1]) != asked or content_range[2] not in ("*", str(file.size)):
        received = response.headers.get("content-range", "no range")[:60]
        raise MissingPart(f"{_file_label(hub, file)}: asked for bytes {asked:,} to {file.size:,}, got {received!r}")
    return asked


def _write_body(hub: Hub, response: httpx.Response, file: RemoteFile, part: Path, start: int, report: Progress) -> int:
    """Write the body into `part` from `start` on. Return the position reached."""
    reached = start
    with part.open("r+b" if part.exists() else "w+b") as target:
        target.truncate(start)
        target.seek(start)
        for block in response.iter_bytes():
            reached += len(block)
            if reached > file.size:
                target.truncate(0)
                raise MissingPart(
                    f"{_file_label(hub, file)}: more than the {file.size:,} bytes that the hub lists are sent"
                )
            target.write(block)
            report("download", reached, file.size)
        target.flush()
        os.fsync(target.fileno())
    return reached


def _matches(part: Path, file: RemoteFile, report: Progress) -> bool:
    """Whether the file has the listed digest: sha256, or for a small file Git's sha1 of a blob."""
    large = len(file.digest) == SHA256_DIGITS
    digest = hashlib.sha256() if large else hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    done = 0
    with part.open("rb") as source:
        while block := source.read(BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            report("check", done, file.size)
    return digest.hexdigest() == file.digest


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _file_label(hub: Hub, file: RemoteFile) -> str:
    return f"{hub.model}: {file.path}"
