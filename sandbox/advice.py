"""Says how to make a sandbox work that is not available here. Inside a container, most remedies for a host are not
possible."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_CAP_SYS_ADMIN = 21
_MARKER_FILES = ("/.dockerenv", "/run/.containerenv")
_VARIABLES = frozenset({"container", "KUBERNETES_SERVICE_HOST"})
_NAMED = ("docker", "containerd", "kubepods", "libpod", "lxc")
_NAMESPACES = ("namespace", "uid map", "Permission denied", "RTM_NEW")
CONTAINER_REMEDY = (
    "a container permits no sandbox inside it unless it was started for that: as root, with --cap-add=SYS_ADMIN "
    "--cap-add=NET_ADMIN --cap-add=SYS_PTRACE --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "(Kubernetes: privileged). Otherwise run Pelagos outside of it, or name --sandbox unsafe for code that you trust: "
    "then only this container isolates the code"
)

_USERNS_REMEDY = "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1; an AppArmor profile)"


def find_remedy(reason: str) -> str:
    """Return what to do about the `reason` why a backend is not available, '' for no reason."""
    if not reason:
        return ""
    if "not on the PATH" in reason:
        return "apt install bubblewrap" + (
            f"; and {CONTAINER_REMEDY}" if in_container() and not _can_make_namespaces() else ""
        )
    if "engine" in reason or "Python package" in reason:
        return reason.rpartition(": ")[2]
    if "control groups" in reason:
        return _cgroup_remedy()
    if any(word in reason for word in _NAMESPACES):
        return CONTAINER_REMEDY if in_container() else _USERNS_REMEDY
    return "run `pelagos sandbox probe --json` and look at what was not isolated"


def engine_remedy(variable: str, start: str) -> str:
    """Return what to do where no container engine answers; `start` is the remedy on a host."""
    if in_container():
        return f"no engine can be started inside a container, but {variable} may name one whose host has the same files"
    return start


def _cgroup_remedy() -> str:
    if in_container() or os.geteuid() == 0:
        return "nothing to do: bubblewrap-rlimit works without control groups"
    return "run as root, or in a session with delegated control groups (systemd-run --user --scope -p Delegate=yes)"


@cache
def in_container() -> bool:
    """Whether this process runs in a container: the usual marks are there, or root lacks the right to make
    namespaces."""
    if (
        any(Path(mark).exists() for mark in _MARKER_FILES)
        or not _VARIABLES.isdisjoint(os.environ)
        or _init_in_container()
    ):
        return True
    return os.geteuid() == 0 and not _can_make_namespaces()


def _init_in_container() -> bool:
    try:
        cgroup = Path("/proc/1/cgroup").read_text()
    except OSError:
        return False
    return any(word in cgroup for word in _NAMED)


def _can_make_namespaces() -> bool:
    lines = dict(line.partition(":")[::2] for line in Path("/proc/self/status").read_text().splitlines())
    return bool(int(lines.get("CapEff", "0").strip(), 16) >> _CAP_SYS_ADMIN & 1)
