"""What the operating system refuses to the sandbox and not to the program in it: no process, no memory, no file.

A full disk is another matter: it is told as it is, and whoever drives the run waits for room.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from pelagos.errors import SandboxError

FULL = (errno.ENOSPC, errno.EDQUOT)
PASSING = (errno.EAGAIN, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE)
"""Reasons for which a file that is there can't be read at the moment."""


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Raises SandboxError for an OSError; those of a full disk pass."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise SandboxError(f"the sandbox can't go on: {where}{error.strerror or error}") from error
