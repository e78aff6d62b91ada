"""What to do about a sandbox that doesn't stand here, in words that hold where we are: in a container most of what
helps elsewhere can't be done."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_CAP_SYS_ADMIN = 21
_MARKS = ("/.dockerenv", "/run/.containerenv")
_VARIABLES = frozenset({"container", "KUBERNETES_SERVICE_HOST"})
_NAMED = ("docker", "containerd", "kubepods", "libpod", "lxc")
_NAMESPACES = ("namespace", "uid map", "Permission denied", "RTM_NEW")
CONTAINER = (
    "a container lets no sandbox stand inside it unless it was started for that: as root, with --cap-add=SYS_ADMIN "
    "--cap-add=NET_ADMIN --cap-add=SYS_PTRACE --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "(Kubernetes: privileged). Else run Pelagos outside of it, or name --sandbox unsafe for code that you trust: then "
    "nothing but this container is around it"
)

_USER = "allow unprivileged user name spaces (sysctl kernel.unprivileged_userns_clone=1; an AppArmor profile)"


def mend(reason: str) -> str:
    """What helps against the `reason` why a backend doesn't count, '' for none."""
    if not reason:
        return ""
    if "not on the PATH" in reason:
        return "apt install bubblewrap" + (f"; and {CONTAINER}" if contained() and not _capable() else "")
    if "engine" in reason or "Python package" in reason:
        return reason.rpartition(": ")[2]
    if "control groups" in reason:
        return _groups()
    if any(word in reason for word in _NAMESPACES):
        return CONTAINER if contained() else _USER
    return "run `pelagos sandbox probe --json` and look at what wasn't held"


def engine(variable: str, start: str) -> str:
    """What to do where no container engine answers; `start` is what helps on a host."""
    if contained():
        return f"inside a container none can be started, but {variable} may name one whose host has the same files"
    return start


def _groups() -> str:
    if contained() or os.geteuid() == 0:
        return "nothing has to be: bubblewrap-rlimit does without control groups"
    return "run as root, or in a session with delegated control groups (systemd-run --user --scope -p Delegate=yes)"


@cache
def contained() -> bool:
    """Whether this process runs in a container: it looks like one, or root lacks the right to make name spaces."""
    if any(Path(mark).exists() for mark in _MARKS) or not _VARIABLES.isdisjoint(os.environ) or _listed():
        return True
    return os.geteuid() == 0 and not _capable()


def _listed() -> bool:
    try:
        first = Path("/proc/1/cgroup").read_text()
    except OSError:
        return False
    return any(word in first for word in _NAMED)


def _capable() -> bool:
    lines = dict(line.partition(":")[::2] for line in Path("/proc/self/status").read_text().splitlines())
    return bool(int(lines.get("CapEff", "0").strip(), 16) >> _CAP_SYS_ADMIN & 1)
