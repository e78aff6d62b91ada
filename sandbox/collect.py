"""Files into the work folder and results out of it, by directory descriptor and never through a link.

A run can leave a link to a host file, a pipe that blocks the reader, or a sparse file of a terabyte. Only regular
files within their size cap come home, as bytes; nothing is parsed here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import PurePosixPath

from pelagos.errors import SandboxError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_CHUNK = 1 << 20


def parts(name: str) -> tuple[str, ...]:
    """The components of a name inside the work folder. Raises SandboxError if it leads anywhere else."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise SandboxError(f"{name!r}: not a plain relative name inside the work folder")
    return path.parts


def place(folder: int, files: Mapping[str, bytes], owner: int | None) -> None:
    """Write `files` below the directory descriptor `folder`, owned by `owner` (None: by us)."""
    for name, content in files.items():
        *above, last = parts(name)
        try:
            at = _descend(folder, above, owner)
            try:
                _write(at, last, content, owner)
            finally:
                os.close(at)
        except OSError as error:
            raise SandboxError(f"{name}: can't be put into the sandbox: {error.strerror}") from error


def collect(folder: int, wanted: Mapping[str, int]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The wanted files (name -> cap in bytes) and, for those that don't come home, the reason."""
    files: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for name, cap in wanted.items():
        try:
            files[name] = _fetch(folder, name, cap)
        except FileNotFoundError:
            refused[name] = "missing"
        except OSError as error:
            refused[name] = f"refused: {error.strerror}" if error.errno else f"refused: {error}"
    return files, refused


def _write(at: int, name: str, content: bytes, owner: int | None) -> None:
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644, dir_fd=at)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        _own(file.fileno(), owner)


def _fetch(folder: int, name: str, cap: int) -> bytes:
    *above, last = parts(name)
    at = _descend(folder, above, None, make=False)
    try:
        info = os.stat(last, dir_fd=at, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"{_kind(info.st_mode)}, not a regular file")
        handle = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=at)
    finally:
        os.close(at)
    try:
        return _read(handle, cap)
    finally:
        os.close(handle)


def _read(handle: int, cap: int) -> bytes:
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        raise OSError("not a regular file")
    if info.st_size > cap:
        sparse = "sparse, " if info.st_blocks * 512 < info.st_size else ""
        raise OSError(f"{sparse}{info.st_size} bytes, more than its cap of {cap}")
    content = bytearray()
    while len(content) <= cap and (chunk := os.read(handle, min(_CHUNK, cap + 1 - len(content)))):
        content += chunk
    if len(content) > cap:
        raise OSError(f"grew beyond its cap of {cap} bytes while it was read")
    return bytes(content)


def _descend(folder: int, names: list[str], owner: int | None, make: bool = True) -> int:
    """A new descriptor for the folder `names` below `folder`; links on the way are refused."""
    at = os.dup(folder)
    for name in names:
        try:
            at = _enter_new(at, name, owner) if make else _enter(at, name)
        except NotADirectoryError as error:
            raise NotADirectoryError(error.errno, f"{name} is a link or a file, not a folder") from error
    return at


def _enter(at: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=at)
    finally:
        os.close(at)


def _enter_new(at: int, name: str, owner: int | None) -> int:
    try:
        os.mkdir(name, 0o755, dir_fd=at)
        fresh = True
    except FileExistsError:
        fresh = False
    below = _enter(at, name)
    if fresh:
        _own(below, owner)
    return below


def _own(handle: int, owner: int | None) -> None:
    if owner is not None:
        os.fchown(handle, owner, owner)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISFIFO(mode):
        return "a pipe (FIFO)"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a folder" if stat.S_ISDIR(mode) else "a device"
