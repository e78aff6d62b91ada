"""Plug-ins of one entry-point group: which there are, and how one is loaded.

A plug-in that can't be loaded is named where it is asked for and never in the way of another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pelagos.errors import BadInput, MissingPart, PelagosError


def list_plugins(group: str, shipped: Mapping[str, str]) -> dict[str, EntryPoint]:
    """Name -> where it is loaded from: the shipped ones (`module:object`), which no plug-in can shadow, and others'."""
    found = {point.name: point for point in entry_points(group=group)}
    return found | {name: EntryPoint(name, value, group) for name, value in shipped.items()}


def load_plugin(
    noun: str, name: str, plugins: Mapping[str, EntryPoint], make: Callable[[Any], Any],
    find_lacking: Callable[[Any], Sequence[str]], protocol: str,
) -> Any:  # fmt: skip
    """Load `plugins[name]` and return what `make` makes of it. `noun` and `protocol` (a path) are for messages.

    Raises BadInput for an unknown name, MissingPart for one that can't be loaded or lacks members, and any error of
    ours that `make` raises.
    """
    if name not in plugins:
        raise BadInput(f"{noun} '{name}' is not known; {suggest_nearest(name, list(plugins))}")
    value = plugins[name].value
    try:
        made = make(plugins[name].load())
    except PelagosError:
        raise
    except Exception as error:  # the border to other people's code: whatever it raises is named, not ours to crash on
        reason = f"{type(error).__name__}: {error}"
        raise MissingPart(f"{noun} '{name}' ({value}) can't be loaded: {reason}") from error
    if lacking := find_lacking(made):
        raise MissingPart(f"{noun} '{name}' ({value}) lacks {', '.join(lacking)}; see {protocol}")
    return made


def suggest_nearest(name: str, known: Sequence[str]) -> str:
    """Return `did you mean 'x'?`, or the list of what is known."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)) or 'none'}"
