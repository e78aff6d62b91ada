"""Which sandbox is used: the first whose canary really ran here. Pelagos refuses rather than silently weakens."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache

from pelagos.errors import BadInput, MissingPart
from sandbox import cgroup, docker, unsafe
from sandbox.bubblewrap import Bubblewrap
from sandbox.canary import Probe, canary
from sandbox.docker import Docker
from sandbox.engine import DOCKER, PODMAN
from sandbox.protocol import Sandbox
from sandbox.unsafe import Unsafe

# In the order of `auto`, the fastest first. Another backend is one more line. A factory takes an image (sandbox.image).
BACKENDS: dict[str, Callable[[str], Sandbox]] = {
    "bubblewrap": lambda image: Bubblewrap(),
    "bubblewrap-rlimit": lambda image: Bubblewrap(cgroups=False),
    "docker": lambda image: Docker(DOCKER, image),
    "podman": lambda image: Docker(PODMAN, image),
}


def choose(name: str = "auto", image: str = "") -> Sandbox:
    """The sandbox of that name, or the first complete one, or else the first that counts.

    Raises BadInput for a name that doesn't exist, MissingPart if its canary (or everyone's) fails.
    """
    if name == "unsafe":
        return Unsafe()
    if name != "auto":
        return _named(name, image)
    second = ""
    lines: list[str] = []
    for candidate in BACKENDS:
        found = examine(candidate, image)
        if found.complete:
            return BACKENDS[candidate](image)
        second = second or (candidate if found.works else "")
        lines.append(f"{candidate}: {found.reason}; mend: {_once(found.mend, lines)}")
    if second:
        return BACKENDS[second](image)
    raise MissingPart("no sandbox works here: " + " / ".join(lines))


def _once(advice: str, lines: list[str]) -> str:
    return "the same" if any(line.endswith(advice) for line in lines) else advice


def _named(name: str, image: str) -> Sandbox:
    if name not in BACKENDS:
        names = ["auto", *BACKENDS, "unsafe"]
        near = difflib.get_close_matches(name, names, 1)
        hint = f", did you mean {near[0]}?" if near else f": one of {', '.join(names)}"
        raise BadInput(f"sandbox {name!r} doesn't exist{hint}")
    found = examine(name, image)
    if not found.works:
        raise MissingPart(f"sandbox {name} doesn't work here: {found.reason}; mend: {found.mend}")
    return BACKENDS[name](image)


def probe(image: str = "") -> list[Probe]:
    """One row per backend for `pelagos sandbox probe`; `unsafe` is listed and never works by itself."""
    last = Probe("unsafe", False, "unsafe (no isolation)", reason="isolates nothing; only by name, on code you trust")
    return [*(examine(name, image) for name in BACKENDS), last]


@cache
def examine(name: str, image: str = "") -> Probe:
    """The canary's answer for one backend, asked once per process."""
    return canary(BACKENDS[name](image), image)


def reap() -> list[str]:
    """Remove what dead Pelagos processes left on the host. Returns a line for each.

    Told by label and owner; nothing else is touched.
    """
    return [line for reaper in REAPERS for line in reaper()]


def _groups() -> list[str]:
    return [f"control group {name}" for name in cgroup.reap()]


# What a backend may leave behind has a reaper here.
REAPERS: tuple[Callable[[], list[str]], ...] = (_groups, unsafe.reap, docker.reap)
