"""Labels everything that a sandbox leaves on the host while it runs with the process it belongs to.

Process ids are reused and repeat in namespaces, so the label holds the pid namespace and the start time too.
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
    """Return a new label of this process."""
    pid = os.getpid()
    return f"{PREFIX}-{_pid_namespace()}-{pid}-{_start_time(pid)}-{next(_serial)}"


def is_orphan(name: str) -> bool:
    """Whether `name` is a label of a process of our pid namespace that no longer exists."""
    match = _LABEL.match(name)
    if match is None or int(match["space"]) != _pid_namespace():
        return False
    return _start_time(int(match["pid"])) != int(match["start"])


def _pid_namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _start_time(pid: int) -> int:
    """Return the start time of a process in clock ticks since boot; -1 where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    return -1 if fields[0] in "ZX" else int(fields[19])
