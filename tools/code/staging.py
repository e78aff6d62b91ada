"""A fresh copy of what an experiment is shown, so that nothing around the files tells which split they are of.

A mount table names the host's folder, and file times, inodes and the order of files tell when data were made: a program
could know a control by them. Each experiment gets a folder of its own under a random name, with equal names and times.
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
MADE = 1_577_836_800  # seconds since 1970: the time of every file and folder
LEFT_OVER = 7 * 86_400.0  # seconds after which a copy belongs to a process that was killed


@contextlib.contextmanager
def staged(inputs: Path) -> Iterator[Path]:
    """A copy of the folder `inputs`, beside the splits; gone afterwards."""
    home = inputs.parents[1]
    _sweep(home)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    try:
        for source in sorted(inputs.iterdir()):
            copy = folder / source.name
            shutil.copyfile(source, copy)
            copy.chmod(0o644)
            os.utime(copy, (MADE, MADE))
        folder.chmod(0o755)
        os.utime(folder, (MADE, MADE))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(home: Path) -> None:
    for old in home.glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its owner was faster
            if time.time() - old.stat().st_ctime > LEFT_OVER:
                shutil.rmtree(old, ignore_errors=True)
