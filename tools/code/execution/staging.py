"""Stages a fresh copy of an experiment's inputs, so that no file metadata reveals which split they belong to.

The mount table names the host's folder, and file times, inodes and the order of files show when data were made: a
program could recognise a control by them. Each experiment gets its own folder under a random name, with equal file
names and times.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "shown-"
FILE_TIME = 1_577_836_800  # seconds since 1970: the time of every file and folder
STALE_SECONDS = 7 * 86_400.0  # age in seconds after which a copy's process must have been killed


@contextlib.contextmanager
def stage_inputs(inputs: Path) -> Iterator[Path]:
    """Yield the path of a copy of the folder `inputs`, beside the splits; remove it afterwards."""
    home = inputs.parents[1]
    _remove_stale_copies(home)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    try:
        for source in sorted(inputs.iterdir()):
            copy = folder / source.name
            shutil.copyfile(source, copy)
            copy.chmod(0o644)
            os.utime(copy, (FILE_TIME, FILE_TIME))
        folder.chmod(0o755)
        os.utime(folder, (FILE_TIME, FILE_TIME))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale_copies(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its owner removed it first
            if time.time() - folder.stat().st_ctime > STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
