"""Stores artifacts (code, logs, papers, figures) under the sha256 of their bytes.

Writes are atomic (temporary file, fsync, rename) and reads are verified. Nothing is ever changed or removed here.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from memory.files.disk_errors import translate_disk_errors
from memory.ledger.keys import canonical, parse_payload
from pelagos.errors import DamagedRun
from pelagos.visible import replace_surrogates


class ArtifactStore:
    """Artifacts under `folder/ab/abcd...`; a name has 64 hex characters."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Store bytes and return their sha256 in hex. A damaged copy is replaced. Raises DiskFull."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if not (path.exists() and hash_file(path) == digest):
            with translate_disk_errors(self.folder):
                write_whole(path, data)
        return digest

    def put_text(self, text: str) -> str:
        """Store text as UTF-8; lone surrogates are replaced."""
        return self.put(replace_surrogates(text).encode())

    def put_json(self, value: Any) -> str:
        """Store canonical JSON, so that equal values have equal hashes."""
        return self.put(canonical(value).encode())

    def path(self, digest: str) -> Path:
        """Return where the artifact is or would be. Raises DamagedRun where `digest` is not a sha256 in hex."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise DamagedRun(f"artifact {digest[:80]!r}: not a sha256 in hex")
        return self.folder / digest[:2] / digest

    def get(self, digest: str) -> bytes:
        """Return the bytes, verified. Raises DamagedRun where they are missing or changed."""
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise DamagedRun(f"artifact {digest}: missing under {self.folder}") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise DamagedRun(f"artifact {path}: its bytes no longer match its hash")
        return data

    def text(self, digest: str) -> str:
        """Return the artifact as text. Bytes that aren't UTF-8 are replaced: an earlier version stored lone
        surrogates."""
        return self.get(digest).decode("utf-8", "replace")

    def json(self, digest: str) -> Any:
        return parse_payload(self.text(digest))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, without holding all of them in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically: a reader sees all of it or none."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
