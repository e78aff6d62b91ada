"""Writes a folder atomically: a reader, or the next process after a kill, sees all of it or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `folder` and rename it when it is filled.

    If another process wrote `folder` first, that one stays: both must write the same. Raises OSError where it can't be
    renamed and there is none.
    """
    fresh = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        yield fresh
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
