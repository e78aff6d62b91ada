"""The label on everything a sandbox leaves on the host while it runs: which process it belongs to.

Process ids are reused and name spaces repeat them, so the label holds the pid name space and the start time too.
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

PREFIX = "pelagos"
_LABEL = re.compile(PREFIX + r"-(?P<space>\d+)-(?P<pid>\d+)-(?P<start>\d+)-\d+$")
_serial = itertools.count()


def new_label() -> str:
    """A fresh label of this process."""
    pid = os.getpid()
    return f"{PREFIX}-{_space()}-{pid}-{_start(pid)}-{next(_serial)}"


def is_orphan(name: str) -> bool:
    """True if `name` is a label of a process of our pid name space that is gone."""
    found = _LABEL.match(name)
    if found is None or int(found["space"]) != _space():
        return False
    return _start(int(found["pid"])) != int(found["start"])


def _space() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _start(pid: int) -> int:
    """Start time of a process in clock ticks since boot; -1 if there's none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    return -1 if fields[0] in "ZX" else int(fields[19])
