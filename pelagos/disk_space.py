"""Tells whether a disk has free space. A quota shows only when a write is refused, so a probe file is written."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_PROBE_BYTES = 1 << 16


def has_space(path: Path) -> bool:
    """Whether a small file can still be written at `path`, or at the nearest existing folder above it."""
    folder = next(place for place in (path, *path.absolute().parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno not in NO_SPACE_ERRNOS
    return True
