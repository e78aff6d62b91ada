"""The project's secret bytes, by which data are divided and controls are drawn, and keys that are derived from them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from memory.files.project_folder import FOLDER_NAME, SECRET_FILE, project_folder
from pelagos.errors import BadInput


def has_secret(project: Path) -> bool:
    return (project / FOLDER_NAME / SECRET_FILE).exists()


def read_secret(project: Path) -> bytes:
    """The project's 32 secret bytes, made at the first call; readable by the owner only."""
    path = project_folder(project) / SECRET_FILE
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):  # another process was first: its secret is used
                os.link(fresh, path)
        finally:
            Path(fresh).unlink()
    try:
        return bytes.fromhex(path.read_text("ascii"))
    except ValueError:
        raise BadInput(
            f"{path}: not the secret that Pelagos wrote; remove it and the folder 'data' beside it"
        ) from None


def derive_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, which reveal nothing about the secret or about another purpose."""
    return hashlib.blake2b(purpose.encode(), key=secret, digest_size=32).digest()
