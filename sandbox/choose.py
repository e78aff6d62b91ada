"""Which sandbox is used: the first whose canary really ran here. Pelagos refuses rather than silently weakens."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache

from pelagos.errors import BadInput, MissingPart
from sandbox import cgroup, unsafe
from sandbox.bubblewrap import Bubblewrap
from sandbox.canary import Probe, canary
from sandbox.protocol import Sandbox
from sandbox.unsafe import Unsafe

# In the order of `auto`. Another backend is one more line.
BACKENDS: dict[str, Callable[[], Sandbox]] = {
    "bubblewrap": Bubblewrap,
    "bubblewrap-rlimit": lambda: Bubblewrap(cgroups=False),
}


def choose(name: str = "auto") -> Sandbox:
    """The sandbox of that name, or the first that works here.

    Raises BadInput for a name that doesn't exist, MissingPart if its canary (or everyone's) fails.
    """
    if name == "unsafe":
        return Unsafe()
    if name != "auto" and name not in BACKENDS:
        names = ["auto", *BACKENDS, "unsafe"]
        near = difflib.get_close_matches(name, names, 1)
        hint = f", did you mean {near[0]}?" if near else f": one of {', '.join(names)}"
        raise BadInput(f"sandbox {name!r} doesn't exist{hint}")
    lines = []
    for candidate in BACKENDS if name == "auto" else [name]:
        found = examine(candidate)
        if found.works:
            return BACKENDS[candidate]()
        lines.append(f"{candidate}: {found.reason}; mend: {found.mend}")
    raise MissingPart("no sandbox works here: " + " / ".join(lines))


def probe() -> list[Probe]:
    """One row per backend for `pelagos sandbox probe`; `unsafe` is listed and never works by itself."""
    last = Probe("unsafe", False, "unsafe (no isolation)", reason="isolates nothing; only by name, on code you trust")
    return [*(examine(name) for name in BACKENDS), last]


@cache
def examine(name: str) -> Probe:
    """The canary's answer for one backend, asked once per process."""
    return canary(BACKENDS[name]())


def reap() -> list[str]:
    """Remove what dead Pelagos processes left on the host: groups, processes, work folders. Returns a line for each.

    Told by label and owner; nothing else is touched.
    """
    return [f"control group {name}" for name in cgroup.reap()] + unsafe.reap()
