"""Translates errors that the operating system gives to the sandbox and not to the program in it: no process, no
memory, no file.

A full disk is not translated: whoever drives the run waits for space.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from pelagos.disk_space import NO_SPACE_ERRNOS
from pelagos.errors import SandboxError

TRANSIENT_ERRNOS = (errno.EAGAIN, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE)
"""Reasons why an existing file can't be read at the moment."""


@contextlib.contextmanager
def translate_os_errors() -> Iterator[None]:
    """Raise SandboxError for an OSError; those of a full disk pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE_ERRNOS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise SandboxError(f"the sandbox can't go on: {where}{error.strerror or error}") from error
