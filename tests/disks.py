"""A real small disk that can be filled to the last byte and emptied again."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest


class Disk:
    """`folder` lies on it; `fill` leaves no byte, `free` gives the room back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        for size in (1 << 16, 512):
            with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass

    def free(self) -> None:
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Disk]:
    """A temporary file system mounted at `at`. Skips where this user can't mount one."""
    at.mkdir()
    with _mounted(at, f"size={megabytes}m"):
        yield Disk(at)


@contextlib.contextmanager
def read_only_disk(at: Path, files: Iterable[str]) -> Iterator[None]:
    """One mounted at the folder `at` that holds these empty files and can't be written."""
    with _mounted(at, "size=1m"):
        for name in files:
            (at / name).touch()
        subprocess.run(["mount", "-o", "remount,ro", str(at)], check=True)
        yield


@contextlib.contextmanager
def _mounted(at: Path, options: str) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("disks are tested on a real one: mounting it wants root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"disks are tested on a real one: it can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)
