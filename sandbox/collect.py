"""Copies files into the work folder and results out of it, by directory descriptor and never through a link.

A program can leave a link to a host file, a pipe that blocks the reader, or a sparse file of a terabyte. Only regular
files within their size cap are copied out, as bytes; nothing is parsed here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import PurePosixPath

from pelagos.errors import SandboxError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_CHUNK = 1 << 20


def split_name(name: str) -> tuple[str, ...]:
    """Return the components of a name inside the work folder. Raises SandboxError for a name that leads elsewhere."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise SandboxError(f"{name!r}: not a plain relative name inside the work folder")
    return path.parts


def place_files(folder: int, files: Mapping[str, bytes], owner: int | None) -> None:
    """Write `files` below the directory descriptor `folder`, owned by `owner` (None: the current user)."""
    for name, content in files.items():
        *parents, base = split_name(name)
        try:
            parent = _open_below(folder, parents, owner)
            try:
                _write(parent, base, content, owner)
            finally:
                os.close(parent)
        except OSError as error:
            raise SandboxError(f"{name}: can't be put into the sandbox: {error.strerror}") from error


def collect_files(folder: int, wanted: Mapping[str, int]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the wanted files (name -> cap in bytes) and, for those that were refused, the reason."""
    files: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for name, cap in wanted.items():
        try:
            files[name] = _read_one(folder, name, cap)
        except FileNotFoundError:
            refused[name] = "missing"
        except OSError as error:
            refused[name] = f"refused: {error.strerror}" if error.errno else f"refused: {error}"
    return files, refused


def _write(parent: int, name: str, content: bytes, owner: int | None) -> None:
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644, dir_fd=parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        _set_owner(file.fileno(), owner)


def _read_one(folder: int, name: str, cap: int) -> bytes:
    *parents, base = split_name(name)
    parent = _open_below(folder, parents, None, make=False)
    try:
        status = os.stat(base, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{_describe_kind(status.st_mode)}, not a regular file")
        handle = os.open(base, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=parent)
    finally:
        os.close(parent)
    try:
        return _read(handle, cap)
    finally:
        os.close(handle)


def _read(handle: int, cap: int) -> bytes:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise OSError("not a regular file")
    if status.st_size > cap:
        sparse = "sparse, " if status.st_blocks * 512 < status.st_size else ""
        raise OSError(f"{sparse}{status.st_size} bytes, more than its cap of {cap}")
    content = bytearray()
    while len(content) <= cap and (chunk := os.read(handle, min(_CHUNK, cap + 1 - len(content)))):
        content += chunk
    if len(content) > cap:
        raise OSError(f"grew beyond its cap of {cap} bytes while it was read")
    return bytes(content)


def _open_below(folder: int, names: list[str], owner: int | None, make: bool = True) -> int:
    """Return a new descriptor for the folder `names` below `folder`; links on the way are refused."""
    parent = os.dup(folder)
    for name in names:
        try:
            parent = _make_child(parent, name, owner) if make else _open_child(parent, name)
        except NotADirectoryError as error:
            raise NotADirectoryError(error.errno, f"{name} is a link or a file, not a folder") from error
    return parent


def _open_child(parent: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    finally:
        os.close(parent)


def _make_child(parent: int, name: str, owner: int | None) -> int:
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
        created = True
    except FileExistsError:
        created = False
    child = _open_child(parent, name)
    if created:
        _set_owner(child, owner)
    return child


def _set_owner(handle: int, owner: int | None) -> None:
    if owner is not None:
        os.fchown(handle, owner, owner)


def _describe_kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISFIFO(mode):
        return "a pipe (FIFO)"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a folder" if stat.S_ISDIR(mode) else "a device"
