"""Chooses the sandbox: the first whose canary really ran here. Pelagos refuses to run rather than silently isolate
less."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import EntryPoint

from pelagos.errors import BadInput, DiskFull, MissingPart
from pelagos.plugins import list_plugins, load_plugin
from pelagos.protocols import find_lacking
from sandbox.backends import unsafe
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.backends.docker import docker
from sandbox.backends.docker.docker import Docker
from sandbox.backends.docker.engine import DOCKER, PODMAN
from sandbox.backends.unsafe import Unsafe
from sandbox.canary.canary import Probe, canary
from sandbox.limits import cgroup
from sandbox.protocol import Sandbox

# In the order of `auto`, the fastest first. A factory takes the name of an image (sandbox.image).
BACKENDS: dict[str, Callable[[str], Sandbox]] = {
    "bubblewrap": lambda image: Bubblewrap(),
    "bubblewrap-rlimit": lambda image: Bubblewrap(cgroups=False),
    "docker": lambda image: Docker(DOCKER, image),
    "podman": lambda image: Docker(PODMAN, image),
}
GROUP = "pelagos.sandboxes"
"""The entry-point group of others' backends: a name, and a factory like those above. They are never chosen unasked."""


def choose(name: str = "auto", image: str = "") -> Sandbox:
    """Return the sandbox of that name. For `auto` return the first complete one, else the first that works.

    Raises BadInput for an unknown name, MissingPart where its canary (or every canary) fails, and DiskFull.
    """
    if name == "unsafe":
        return Unsafe()
    if name != "auto":
        return _choose_named(name, image)
    first_working = ""
    failures: list[str] = []
    for candidate in BACKENDS:
        result = probe_backend(candidate, image)
        if result.complete:
            return BACKENDS[candidate](image)
        first_working = first_working or (candidate if result.works else "")
        failures.append(f"{candidate}: {result.reason}; mend: {_shorten_repeat(result.mend, failures)}")
    if first_working:
        return BACKENDS[first_working](image)
    raise MissingPart("no sandbox works here: " + " / ".join(failures))


def _shorten_repeat(advice: str, failures: list[str]) -> str:
    return "the same" if any(line.endswith(advice) for line in failures) else advice


def _choose_named(name: str, image: str) -> Sandbox:
    names = ["auto", *BACKENDS, *list_others(), "unsafe"]
    if name not in names:
        close_names = difflib.get_close_matches(name, names, 1)
        hint = f", did you mean {close_names[0]}?" if close_names else f": one of {', '.join(names)}"
        raise BadInput(f"sandbox {name!r} doesn't exist{hint}")
    result = probe_backend(name, image)
    if not result.works:
        raise MissingPart(f"sandbox {name} doesn't work here: {result.reason}; mend: {result.mend}")
    return open_backend(name, image)


def list_others() -> dict[str, EntryPoint]:
    """Name -> where it is loaded from, of the backends that installed packages bring. None shadows a shipped one."""
    found = list_plugins(GROUP, {})
    return {name: point for name, point in found.items() if name not in (*BACKENDS, "auto", "unsafe")}


def open_backend(name: str, image: str = "") -> Sandbox:
    """Make the backend `name`, untested. Raises MissingPart for another's that can't be loaded or lacks members."""
    if name in BACKENDS:
        return BACKENDS[name](image)
    lacking = partial(find_lacking, protocol=Sandbox)
    made = load_plugin("sandbox", name, list_others(), lambda make: make(image), lacking, "sandbox/protocol.py")
    sandbox: Sandbox = made
    return sandbox


def probe(image: str = "") -> list[Probe]:
    """Return one row per backend for `pelagos sandbox probe`; `unsafe` is listed and never works by default."""
    unsafe_row = Probe(
        "unsafe", False, "unsafe (no isolation)", reason="isolates nothing; only by name, on code you trust"
    )
    return [*(_probe_or_disk_full(name, image) for name in [*BACKENDS, *list_others()]), unsafe_row]


def _probe_or_disk_full(name: str, image: str) -> Probe:
    try:
        return probe_backend(name, image)
    except DiskFull as full:
        return Probe(name, False, reason=f"no room left at {full.where}", mend="make room")
    except MissingPart as missing:
        return Probe(name, False, reason=str(missing), mend="mend or remove the package that brings it")


@cache
def probe_backend(name: str, image: str = "") -> Probe:
    """Return the canary's result for one backend; it runs once per process. Raises DiskFull, and MissingPart for
    another's backend that can't be loaded."""
    return canary(open_backend(name, image), image)


def reap() -> list[str]:
    """Remove what terminated Pelagos processes left on the host. Return one line for each item.

    Items are recognised by label and owner; nothing else is touched.
    """
    return [line for reaper in REAPERS for line in reaper()]


def _reap_cgroups() -> list[str]:
    return [f"control group {name}" for name in cgroup.reap()]


# One reaper for everything that a backend may leave behind.
REAPERS: tuple[Callable[[], list[str]], ...] = (_reap_cgroups, unsafe.reap, docker.reap)
